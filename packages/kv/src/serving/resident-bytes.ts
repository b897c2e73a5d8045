import type { CacheSession, KvCache } from '@lc/core'

/** Bytes of keys and values of all sessions together: what forks share counts once. */
export function residentBytes(sessions: Iterable<Pick<CacheSession, 'cache'>>): number {
  const layers = new Map<ReturnType<KvCache['layer']>, number>()
  for (const { cache } of sessions)
    for (let index = 0; index < cache.shape.layers; index++) {
      const layer = cache.layer(index)
      layers.set(layer, layer.bytes)
    }
  let sum = 0
  for (const bytes of layers.values()) sum += bytes
  return sum
}
