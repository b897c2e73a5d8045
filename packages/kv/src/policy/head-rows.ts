import type { KvCache } from '@lc/core'
import type { HeadRows } from '../scorers/key-scores.ts'

/** The cached (rotated) keys of a head: to read, before the cache changes. */
export function keysOf(cache: KvCache, layer: number, head: number): HeadRows {
  const rows = cache.layer(layer).keyRows(head, cache.lengthOf(layer, head))
  return { rows, headDim: cache.shape.headDim }
}

/** The cached values of a head, likewise. */
export function valuesOf(cache: KvCache, layer: number, head: number): HeadRows {
  const rows = cache.layer(layer).valueRows(head, cache.lengthOf(layer, head))
  return { rows, headDim: cache.shape.headDim }
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
