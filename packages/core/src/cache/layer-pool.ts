import type { CacheFormat } from './cache-format.ts'
import { Float32Layer } from './float32-layer.ts'
import type { HeadLayout } from './head-layout.ts'
import { Int4Layer } from './int4-layer.ts'
import { Int8Layer } from './int8-layer.ts'
import type { KvLayer, KvShape } from './kv-layer.ts'

/**
 * Layers of closed caches for the next cache of the same size: arrays of many megabytes are dear to allocate, to clear and to collect.
 * Their contents are stale, which lengths hide.
 */
export class LayerPool {
  readonly #mostBytes: number
  #free: KvLayer[] = []

  /** @param mostBytes kept at once */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes
  }

  take(format: CacheFormat, shape: KvShape, layout: HeadLayout): KvLayer {
    const last = this.#free.at(-1)
    if (!last || last.format !== format || !last.layout.equals(layout)) return newLayer(format, shape, layout)
    this.#free.pop()
    last.owners = 1
    return last
  }

  /** Lets all layers go. */
  clear(): void {
    this.#free = []
  }

  /** Takes back a layer that nobody owns any more. */
  give(layer: KvLayer): void {
    // layers of one cache are mostly alike; those of an uneven one are not worth keeping, and blocks are no blank arrays
    if (!layer.layout.rectangular || layer.format === 'int4') return
    const last = this.#free.at(-1)
    if (last && (last.format !== layer.format || !last.layout.equals(layer.layout))) this.#free = []
    if ((this.#free.length + 1) * layer.bytes <= this.#mostBytes) this.#free.push(layer)
  }
}

function newLayer(format: CacheFormat, shape: KvShape, layout: HeadLayout): KvLayer {
  if (format === 'int4') return new Int4Layer(shape, layout)
  return format === 'int8' ? new Int8Layer(shape, layout) : new Float32Layer(shape, layout)
}
