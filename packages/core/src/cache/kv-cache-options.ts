import type { CacheFormat } from './cache-format.ts'
import type { LayerPool } from './layer-pool.ts'

/** Options of a cache. */
export interface KvCacheOptions {
  /** Slots to have room for at once. Defaults to few. */
  readonly capacity?: number
  /** Layers of closed caches. Defaults to none. */
  readonly pool?: LayerPool
  /** Defaults to `float32`. */
  readonly format?: CacheFormat
  /**
   * Whether all layers and heads must have room for the same number of slots, as graphs of attention patterns take it. Otherwise
   * each layer has the room it needs, and each head where that saves memory. Defaults to false.
   */
  readonly alike?: boolean
  /** Told of each fork of this cache, and of the forks' forks. */
  readonly forked?: ((from: object, to: object) => void) | undefined
}
