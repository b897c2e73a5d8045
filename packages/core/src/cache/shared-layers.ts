/** @file Layers with several owners: forks of one cache. */
import type { KvLayer } from './kv-layer.ts'
import type { LayerPool } from './layer-pool.ts'

/** One more owner of a layer whose slots in use are given. */
export function shareLayer(layer: KvLayer, lengths: Int32Array): KvLayer {
  // what only one owner wrote ends where its slots end
  if (layer.owners === 1) layer.ends.set(lengths)
  layer.owners++
  return layer
}

/** Whether an owner may write behind its slots: the others do not see those places, and none of them has written there. */
export function writesBehind(layer: KvLayer, lengths: Int32Array, count: number): boolean {
  return lengths.every((length, head) => length === layer.ends[head]) && layer.takesBehind(count)
}

/** One owner less. */
export function releaseLayer(layer: KvLayer, pool: LayerPool): void {
  layer.owners--
  if (layer.owners === 0) pool.give(layer)
}
