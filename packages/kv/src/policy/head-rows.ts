import type { KvCache } from '@lc/core'
import type { HeadRows } from '../scorers/key-scores.ts'

/** The cached (rotated) keys of a head: a view, not a copy. */
export function keysOf(cache: KvCache, layer: number, head: number): HeadRows {
  const { key, capacity, shape } = cache.layer(layer)
  const from = head * capacity * shape.headDim
  return {
    rows: key.subarray(from, from + cache.lengthOf(layer, head) * shape.headDim),
    headDim: shape.headDim,
  }
}

/** The cached values of a head, as rows; they are stored transposed. */
export function valuesOf(cache: KvCache, layer: number, head: number): HeadRows {
  const { value, capacity, shape } = cache.layer(layer)
  const { headDim } = shape
  const length = cache.lengthOf(layer, head)
  const rows = new Float32Array(length * headDim)
  for (let column = 0; column < headDim; column++) {
    const from = (head * headDim + column) * capacity
    for (let slot = 0; slot < length; slot++) rows[slot * headDim + column] = value[from + slot]!
  }
  return { rows, headDim }
}

/** Something for each head of each layer. */
export function perHead<T>(cache: KvCache, make: (layer: number, head: number) => T): T[][] {
  return Array.from({ length: cache.shape.layers }, (_, layer) =>
    Array.from({ length: cache.shape.kvHeads }, (__, head) => make(layer, head)),
  )
}

/** Mean slots per layer and head. */
export function meanLength(cache: KvCache): number {
  let sum = 0
  for (const lengths of perHead(cache, (layer, head) => cache.lengthOf(layer, head)))
    for (const length of lengths) sum += length
  return sum / (cache.shape.layers * cache.shape.kvHeads)
}
