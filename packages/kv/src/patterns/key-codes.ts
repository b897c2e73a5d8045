import type { PatternFeedContext } from '@lc/core'
import { type Codebook, encodeKeys } from './codebook.ts'
import { capacityOf } from './page-views.ts'
import { turnRow, turnsBy } from './turn-rows.ts'

/** The codes of a layer's cached keys, `[G, C]`. A key is coded once. */
export class KeyCodes {
  readonly #codebooks: readonly Codebook[]
  readonly #layer: number
  #codes = new Int32Array(0)
  /** Slots by head that have their code. */
  readonly #done: Int32Array

  constructor(codebooks: readonly Codebook[], layer: number) {
    this.#codebooks = codebooks
    this.#layer = layer
    this.#done = new Int32Array(codebooks.length)
  }

  /** Forgets slots that a cache which was cut does not have any more. */
  cut(context: PatternFeedContext): void {
    for (let head = 0; head < this.#done.length; head++)
      this.#done[head] = Math.min(this.#done[head]!, context.length(this.#layer, head))
  }

  /** The codes as the cache is now; those of slots that are not in use mean nothing. */
  update(context: PatternFeedContext): { readonly data: Int32Array; readonly capacity: number } {
    this.cut(context)
    const capacity = capacityOf(context, this.#layer)
    this.#resize(capacity)
    for (const [head, codebook] of this.#codebooks.entries()) {
      const [from, to] = [this.#done[head]!, context.length(this.#layer, head)]
      if (from === to) continue
      const keys = keysBefore(context, this.#layer, { head, from, to })
      this.#codes.set(encodeKeys(codebook, keys, context.config.headDim), head * capacity + from)
      this.#done[head] = to
    }
    return { data: this.#codes, capacity }
  }

  #resize(capacity: number): void {
    const heads = this.#done.length
    const before = this.#codes.length / heads
    if (before === capacity) return
    const old = this.#codes
    this.#codes = new Int32Array(heads * capacity)
    const kept = Math.min(before, capacity)
    for (let head = 0; head < heads; head++)
      this.#codes.set(old.subarray(head * before, head * before + kept), head * capacity)
  }
}

/** Keys of slots `[from, to)` of a head, turned back by their positions. */
export function keysBefore(
  context: PatternFeedContext,
  layer: number,
  { head, from, to }: { readonly head: number; readonly from: number; readonly to: number },
): Float32Array {
  const { headDim } = context.config
  const [data, capacity] = [context.keys(layer), capacityOf(context, layer)]
  const back = Array.from(context.positions(layer, head).subarray(from, to), (position) => -position)
  const turns = turnsBy(context, layer, back)
  const result = new Float32Array((to - from) * headDim)
  for (let row = 0; row < to - from; row++)
    turnRow(
      turns,
      row,
      { data, from: (head * capacity + from + row) * headDim },
      { data: result, to: row * headDim, headDim },
    )
  return result
}
