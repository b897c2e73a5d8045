import { KvLayer, type KvShape } from './kv-layer.ts'

/**
 * Layers of closed caches for the next cache of the same size: arrays of many megabytes are dear to allocate, to clear and to collect.
 * Their contents are stale, which lengths hide.
 */
export class LayerPool {
  readonly #mostBytes: number
  #capacity = 0
  #free: KvLayer[] = []

  /** @param mostBytes kept at once */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes
  }

  take(shape: KvShape, capacity: number): KvLayer {
    const layer = capacity === this.#capacity ? this.#free.pop() : undefined
    if (!layer) return new KvLayer(shape, capacity)
    layer.owners = 1
    return layer
  }

  /** Takes back a layer that nobody owns any more. */
  give(layer: KvLayer): void {
    if (layer.capacity !== this.#capacity) {
      this.#free = []
      this.#capacity = layer.capacity
    }
    const bytes = layer.key.byteLength + layer.value.byteLength
    if ((this.#free.length + 1) * bytes <= this.#mostBytes) this.#free.push(layer)
  }
}
