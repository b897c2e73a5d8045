import type { CacheEvent, CachePolicy, LocalModel } from '@lc/core'
import type { CallOptions, TextOrIds } from '@lc/model'
import { checkArgument, checkNumber } from '@lc/model/check'
import { keysOf } from '../policy/head-rows.ts'

/** Which channel pairs matter, by layer and key/value head. */
export interface KeyPairs {
  readonly layers: number
  readonly kvHeads: number
  /** R/2 */
  readonly pairs: number
  /** `[L * G * R/2]`, 1 for a pair that matters. */
  readonly chosen: Uint8Array
}

/** Options of `detectKeyPairs`. */
export interface DetectKeyPairsOptions extends CallOptions {
  /** Share of the pairs of a head that matter. Defaults to 0.75: 48 of 64, as in the published evaluation. */
  readonly share?: number
}

/**
 * Finds the channel pairs that matter for DPE: those with the largest mean of |q_i| |k_i| over the tokens of some texts, where q_i and k_i
 * are the two channels of a pair. A rotation leaves their lengths as they are. Published over ten essays of several lengths up to the
 * trained one, by query head; here the query heads of a key/value head are averaged.
 *
 * LuLuLuyi/DPE, `dimension_selection`.
 */
export async function detectKeyPairs(
  model: LocalModel,
  texts: readonly TextOrIds[],
  options: DetectKeyPairsOptions = {},
): Promise<KeyPairs> {
  checkArgument(texts.length > 0, 'texts', texts, 'at least one text')
  const share = checkNumber(options.share ?? 0.75, 'share', { min: 0, max: 1 })
  const { layers, kvHeads, ropes } = model.config
  const rotated = layers.map(({ rope }) => (rope === undefined ? 0 : ropes[rope]!.rotaryDim / 2))
  const pairs = Math.max(...rotated)
  checkArgument(
    rotated.every((own) => own === 0 || own === pairs),
    'model',
    model.id,
    'a model whose layers rotate equally many channels',
  )
  const scores = new Float64Array(layers.length * kvHeads * pairs)
  for (const text of texts) {
    const session = model.session({ policy: measuring(scores, pairs), accuracy: 'exact' })
    try {
      await session.prefill(text, options)
    } finally {
      await session.close()
    }
  }
  const chosen = new Uint8Array(scores.length)
  const keep = Math.round(share * pairs)
  for (let head = 0; head < layers.length * kvHeads; head++)
    for (const pair of largest(scores.subarray(head * pairs, (head + 1) * pairs), keep)) chosen[head * pairs + pair] = 1
  return { layers: layers.length, kvHeads, pairs, chosen }
}

/** A policy that changes nothing and adds up the scores of a text. */
function measuring(scores: Float64Array, pairs: number): CachePolicy {
  return {
    id: 'measure-key-pairs',
    triggers: [{ on: 'prefill-end' }],
    needs: ({ contextLength }) => [{ kind: 'queries', last: contextLength }],
    start: () => ({
      act: (event) => {
        for (let layer = 0; layer < event.cache.shape.layers; layer++) addScores(scores, event, layer, pairs)
        return []
      },
    }),
  }
}

function addScores(scores: Float64Array, { cache, observations }: CacheEvent, layer: number, pairs: number): void {
  const { data, positions } = observations.queries(layer)
  const { kvHeads, headDim } = cache.shape
  const tokens = positions.length
  const group = data.length / (tokens * kvHeads * headDim)
  for (let head = 0; head < kvHeads; head++) {
    const { rows: keys } = keysOf(cache, layer, head)
    const first = cache.lengthOf(layer, head) - tokens
    for (let token = 0; token < tokens; token++)
      for (let pair = 0; pair < pairs; pair++) {
        const key = pairLength(keys, (first + token) * headDim + pair, pairs)
        let query = 0
        for (let member = 0; member < group; member++)
          query += pairLength(data, ((token * kvHeads + head) * group + member) * headDim + pair, pairs)
        const at = (layer * kvHeads + head) * pairs + pair
        scores[at] = scores[at]! + (key * query) / (group * tokens)
      }
  }
}

function pairLength(data: ArrayLike<number>, at: number, pairs: number): number {
  return Math.hypot(data[at]!, data[at + pairs]!)
}

/** The indices of the largest scores; the first of equal ones. */
function largest(scores: ArrayLike<number>, count: number): number[] {
  return Array.from({ length: scores.length }, (_, index) => index)
    .sort((left, right) => scores[right]! - scores[left]! || left - right)
    .slice(0, count)
}
