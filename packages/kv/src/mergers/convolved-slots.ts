/** @file Slots merged into fewer by a learned convolution over them (LoCoCo). */
import { topSlots } from '../selectors/top-slots.ts'

/** What LoCoCo learns for a layer, shared by its heads. D channels of a head, M merged slots. */
export interface ConvolutionWeights {
  /** `[M, 2*D, taps]`, taps odd: keys' channels, then values'. */
  readonly weight: Float32Array
  /** `[M]` */
  readonly bias: Float32Array
  /** How much the convolution counts against the best-scored slots as they are: n, learned from 0.5. */
  readonly share: number
}

/** The slots of one head, T of them in the order of positions. */
export interface HeadSlots {
  readonly headDim: number
  /** `[T, D]` */
  readonly keys: Float32Array
  readonly values: Float32Array
  /** Attention that each drew, `[T]`. */
  readonly scores: Float32Array
}

/** What becomes of a head. */
export interface ConvolvedSlots {
  /** Slots that stay, ascending; among them those that are written anew. */
  readonly kept: Int32Array
  /** New contents of kept slots. */
  readonly written: readonly { readonly slot: number; readonly key: Float32Array; readonly value: Float32Array }[]
}

/**
 * The best-scored slots stay as they are, the last `window` among them; the rest are mixed into M slots: share * softmax(relu(convolution))
 * + (1 - share) * the M best of the rest. Mixed slots take the places of those M.
 *
 * @param heavy slots that stay as they are; more than `window`, fewer than there are slots less M
 */
export function convolveSlots(
  head: HeadSlots,
  weights: ConvolutionWeights,
  { heavy, window }: { readonly heavy: number; readonly window: number },
): ConvolvedSlots {
  const { scores, headDim } = head
  const forced = Float32Array.from(scores, (score, slot) =>
    slot >= scores.length - window ? Number.POSITIVE_INFINITY : score,
  )
  const stays = new Set(topSlots(forced, heavy))
  const rest = Array.from({ length: scores.length }, (_, slot) => slot).filter((slot) => !stays.has(slot))
  const merged = weights.bias.length
  const restScores = Float32Array.from(rest, (slot) => scores[slot]!)
  const places = Array.from(topSlots(restScores, merged), (at) => rest[at]!)
  const written = places.map((slot, row) => {
    const mix = convolutionRow(head, rest, weights, row)
    const mixed = (data: Float32Array): Float32Array => {
      const result = new Float32Array(headDim)
      for (let channel = 0; channel < headDim; channel++) {
        let sum = (1 - weights.share) * data[slot * headDim + channel]!
        for (const [at, other] of rest.entries()) sum += weights.share * mix[at]! * data[other * headDim + channel]!
        result[channel] = sum
      }
      return result
    }
    return { slot, key: mixed(head.keys), value: mixed(head.values) }
  })
  return { kept: Int32Array.from([...stays, ...places]).sort(), written }
}

/** softmax(relu(convolution)) over the rest, for one merged slot. */
function convolutionRow(
  { keys, values, headDim }: HeadSlots,
  rest: readonly number[],
  { weight, bias }: ConvolutionWeights,
  row: number,
): Float64Array {
  const taps = weight.length / (bias.length * 2 * headDim)
  const half = (taps - 1) / 2
  const logits = new Float64Array(rest.length)
  for (let at = 0; at < rest.length; at++) {
    let sum = bias[row]!
    for (let tap = Math.max(0, half - at); tap < Math.min(taps, rest.length - at + half); tap++) {
      const slot = rest[at + tap - half]!
      for (let channel = 0; channel < headDim; channel++) {
        const from = (row * 2 * headDim + channel) * taps + tap
        sum += weight[from]! * keys[slot * headDim + channel]!
        sum += weight[from + headDim * taps]! * values[slot * headDim + channel]!
      }
    }
    logits[at] = Math.max(0, sum)
  }
  const largest = logits.reduce((most, logit) => Math.max(most, logit), 0)
  let total = 0
  for (let at = 0; at < logits.length; at++) {
    logits[at] = Math.exp(logits[at]! - largest)
    total += logits[at]!
  }
  return logits.map((weighted) => weighted / total)
}
