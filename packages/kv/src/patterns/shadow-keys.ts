/** @file What ShadowKV makes of a prompt's keys: a thin product, landmarks of chunks, and what stays exact. */
import type { PatternFeedContext } from '@lc/core'
import { lowRank } from './low-rank.ts'
import { capacityOf } from './page-views.ts'

/** Sizes of ShadowKV. */
export interface ShadowSizes {
  readonly chunkSize: number
  readonly rank: number
  /** Chunks by head that stay exact because their keys differ most. */
  readonly outliers: number
  /** Whole chunks at the end of the prompt that stay exact. */
  readonly localChunks: number
}

/** A layer's keys after a prompt of T tokens, n chunks of them candidates. */
export interface ShadowKeys {
  /** Slots that the candidates cover, `n * c`. */
  readonly covered: number
  /** Keys before the rotation are nearly `left` `[n*c, r]` times `right` `[G, r, D]`. */
  readonly left: Float32Array
  readonly right: Float32Array
  readonly rank: number
  /** Cosines and sines of the slots, `[n*c, R/2]`. */
  readonly cos: Float32Array
  readonly sin: Float32Array
  /** Mean keys of chunks, `[G, n, D]`. */
  readonly landmarks: Float32Array
  /** Chunks that stay exact, `[G][outliers]`, ascending. */
  readonly outliers: readonly (readonly number[])[]
}

/** Chunks of a prompt that can be chosen. */
export function candidateChunks(tokens: number, { chunkSize, localChunks }: ShadowSizes): number {
  return Math.max(0, Math.floor(tokens / chunkSize) - localChunks)
}

/** Reads a layer of a cache whose first tokens are the prompt; all heads hold the same. */
export function shadowKeys(
  context: PatternFeedContext,
  layer: number,
  { tokens, sizes }: { readonly tokens: number; readonly sizes: ShadowSizes },
): ShadowKeys {
  const { kvHeads, headDim, layers } = context.config
  const covered = candidateChunks(tokens, sizes) * sizes.chunkSize
  const table = context.ropes.get(layers[layer]!.rope ?? '')
  const positions = context.positions(layer, 0).subarray(0, covered)
  const rows = table?.at(positions) ?? { cos: new Float32Array(0), sin: new Float32Array(0) }
  const rank = Math.min(sizes.rank, kvHeads * headDim)
  const { left, right } = lowRank(keysBefore(context, layer, { ...rows, covered }), kvHeads * headDim, rank)
  const landmarks = chunkMeans(context, layer, { covered, chunkSize: sizes.chunkSize })
  return {
    covered,
    left,
    right: byHead(right, { kvHeads, headDim, rank }),
    rank,
    ...rows,
    landmarks,
    outliers: Array.from({ length: kvHeads }, (_, head) => outlierChunks(context, { layer, head, landmarks, sizes })),
  }
}

/** Keys turned back by their positions, heads side by side: `[n*c, G*D]`. */
function keysBefore(
  context: PatternFeedContext,
  layer: number,
  { cos, sin, covered }: { cos: Float32Array; sin: Float32Array; covered: number },
): Float32Array {
  const { kvHeads, headDim } = context.config
  const [keys, capacity] = [context.keys(layer), capacityOf(context, layer)]
  const half = cos.length / covered
  const result = new Float32Array(covered * kvHeads * headDim)
  for (let head = 0; head < kvHeads; head++)
    for (let slot = 0; slot < covered; slot++) {
      const from = (head * capacity + slot) * headDim
      const to = slot * kvHeads * headDim + head * headDim
      for (let pair = 0; pair < half; pair++) {
        const [c, s] = [cos[slot * half + pair]!, sin[slot * half + pair]!]
        const [x, y] = [keys[from + pair]!, keys[from + pair + half]!]
        // tables hold the attention factor of scaled rotations: turning back takes its square away
        const factor = c * c + s * s
        result[to + pair] = (c * x + s * y) / factor
        result[to + pair + half] = (c * y - s * x) / factor
      }
      for (let channel = 2 * half; channel < headDim; channel++) result[to + channel] = keys[from + channel]!
    }
  return result
}

/** `[r, G*D]` as `[G, r, D]`. */
function byHead(
  right: Float32Array,
  { kvHeads, headDim, rank }: { kvHeads: number; headDim: number; rank: number },
): Float32Array {
  const result = new Float32Array(right.length)
  for (let row = 0; row < rank; row++)
    for (let head = 0; head < kvHeads; head++) {
      const from = (row * kvHeads + head) * headDim
      result.set(right.subarray(from, from + headDim), (head * rank + row) * headDim)
    }
  return result
}

function chunkMeans(
  context: PatternFeedContext,
  layer: number,
  { covered, chunkSize }: { covered: number; chunkSize: number },
): Float32Array {
  const { kvHeads, headDim } = context.config
  const [keys, capacity, chunks] = [context.keys(layer), capacityOf(context, layer), covered / chunkSize]
  const means = new Float32Array(kvHeads * chunks * headDim)
  for (let head = 0; head < kvHeads; head++)
    for (let slot = 0; slot < covered; slot++) {
      const to = (head * chunks + Math.floor(slot / chunkSize)) * headDim
      const from = (head * capacity + slot) * headDim
      for (let channel = 0; channel < headDim; channel++) means[to + channel]! += keys[from + channel]! / chunkSize
    }
  return means
}

/** The chunks with a key that points furthest away from their mean. */
function outlierChunks(
  context: PatternFeedContext,
  place: { layer: number; head: number; landmarks: Float32Array; sizes: ShadowSizes },
): number[] {
  const { layer, head, landmarks, sizes } = place
  const { kvHeads, headDim } = context.config
  const [keys, capacity] = [context.keys(layer), capacityOf(context, layer)]
  const chunks = landmarks.length / (kvHeads * headDim)
  const least = Array.from({ length: chunks }, (_, chunk) => {
    const mean = landmarks.subarray((head * chunks + chunk) * headDim, (head * chunks + chunk + 1) * headDim)
    let smallest = Number.POSITIVE_INFINITY
    for (let slot = chunk * sizes.chunkSize; slot < (chunk + 1) * sizes.chunkSize; slot++) {
      const from = (head * capacity + slot) * headDim
      smallest = Math.min(smallest, cosine(mean, keys.subarray(from, from + headDim)))
    }
    return { chunk, smallest }
  })
  least.sort((left, right) => left.smallest - right.smallest || left.chunk - right.chunk)
  const chosen = least.slice(0, sizes.outliers).map(({ chunk }) => chunk)
  return chosen.sort((left, right) => left - right)
}

function cosine(left: Float32Array, right: Float32Array): number {
  let [dot, leftSquare, rightSquare] = [0, 0, 0]
  for (let index = 0; index < left.length; index++) {
    dot += left[index]! * right[index]!
    leftSquare += left[index]! ** 2
    rightSquare += right[index]! ** 2
  }
  return dot / Math.sqrt(Math.max(leftSquare * rightSquare, Number.MIN_VALUE))
}
