import type { PatternFeedContext } from '@lc/core'

/**
 * A copy of a layer's values by slot, `[G, C, D]`. The cache holds them by channel, which is fastest for reading them all; a few slots
 * would touch a line of memory for each channel.
 */
export class ValueRows {
  readonly #layer: number
  #data = new Float32Array(0)
  /** Slots by head that are copied. */
  readonly #copied: Int32Array

  constructor({ config }: PatternFeedContext, layer: number) {
    this.#layer = layer
    this.#copied = new Int32Array(config.kvHeads)
  }

  /** Forgets slots that a cache which was cut does not have any more. */
  cut(context: PatternFeedContext): void {
    for (let head = 0; head < this.#copied.length; head++)
      this.#copied[head] = Math.min(this.#copied[head]!, context.length(this.#layer, head))
  }

  /** The rows as the cache is now; those of slots that are not in use mean nothing. */
  update(context: PatternFeedContext): Float32Array {
    this.cut(context)
    const { kvHeads, headDim } = context.config
    const values = context.values(this.#layer)
    this.#resize(values.length, kvHeads)
    const capacity = values.length / (kvHeads * headDim)
    for (let head = 0; head < kvHeads; head++) {
      const [from, to] = [this.#copied[head]!, context.length(this.#layer, head)]
      copyTransposed(values, this.#data, { start: head * headDim * capacity, capacity, headDim, from, to })
      this.#copied[head] = to
    }
    return this.#data
  }

  #resize(size: number, kvHeads: number): void {
    if (size === this.#data.length) return
    const [old, each] = [this.#data, this.#data.length / kvHeads]
    this.#data = new Float32Array(size)
    const kept = Math.min(each, size / kvHeads)
    for (let head = 0; head < kvHeads; head++)
      this.#data.set(old.subarray(head * each, head * each + kept), (head * size) / kvHeads)
  }
}

const block = 16

/** Copies slots `[from, to)` of one head from `[D, C]` to `[C, D]`, in blocks that stay in the cache of the processor. */
function copyTransposed(
  source: Float32Array,
  target: Float32Array,
  head: { start: number; capacity: number; headDim: number; from: number; to: number },
): void {
  const { start, capacity, headDim } = head
  for (let first = head.from; first < head.to; first += block) {
    const end = Math.min(head.to, first + block)
    for (let channel = 0; channel < headDim; channel++) {
      const row = start + channel * capacity
      for (let slot = first; slot < end; slot++) target[start + slot * headDim + channel] = source[row + slot]!
    }
  }
}
