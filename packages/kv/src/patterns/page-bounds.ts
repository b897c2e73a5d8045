import type { PatternFeedContext } from '@lc/core'
import { pagesOf } from './page-views.ts'

// beyond what keys reach, small enough that a product with a query is finite
const far = 1e9

/**
 * The largest and the smallest value of each channel over the keys of each page of a layer: `[G, P, 2*D]`, the largest first. The page
 * that is still open has bounds that win over all others, pages without slots such that lose.
 */
export class PageBounds {
  readonly #layer: number
  readonly #pageSize: number
  #data = new Float32Array(0)
  #pages = 0
  /** Pages by head that are full and whose bounds are written. */
  readonly #closed: Int32Array

  constructor({ config }: PatternFeedContext, layer: number, pageSize: number) {
    this.#layer = layer
    this.#pageSize = pageSize
    this.#closed = new Int32Array(config.kvHeads)
  }

  /** Forgets pages that a cache which was cut does not fill any more. */
  cut(context: PatternFeedContext): void {
    for (let head = 0; head < this.#closed.length; head++) {
      const full = Math.floor(context.length(this.#layer, head) / this.#pageSize)
      if (full < this.#closed[head]!) this.#reopen(context, head, full)
    }
  }

  /** The bounds as the cache is now. */
  update(context: PatternFeedContext): { readonly data: Float32Array; readonly pages: number } {
    this.cut(context)
    this.#resize(context, pagesOf(context, this.#layer, this.#pageSize))
    const keys = context.keys(this.#layer)
    for (let head = 0; head < this.#closed.length; head++) {
      const length = context.length(this.#layer, head)
      const full = Math.floor(length / this.#pageSize)
      for (let page = this.#closed[head]!; page < full; page++) this.#close(context, { keys, head, page })
      this.#closed[head] = full
      if (length > full * this.#pageSize) this.#fill(context, { head, page: full }, far)
    }
    return { data: this.#data, pages: this.#pages }
  }

  #reopen(context: PatternFeedContext, head: number, full: number): void {
    for (let page = full; page < this.#pages; page++) this.#fill(context, { head, page }, -far)
    this.#closed[head] = full
  }

  #fill({ config }: PatternFeedContext, { head, page }: { head: number; page: number }, value: number): void {
    const { headDim } = config
    const at = (head * this.#pages + page) * 2 * headDim
    this.#data.fill(value, at, at + headDim)
    this.#data.fill(-value, at + headDim, at + 2 * headDim)
  }

  #close(
    { config }: PatternFeedContext,
    { keys, head, page }: { keys: Float32Array; head: number; page: number },
  ): void {
    const { headDim } = config
    const width = this.#pageSize * headDim
    const from = (head * this.#pages + page) * width
    const at = (head * this.#pages + page) * 2 * headDim
    for (let column = 0; column < headDim; column++) {
      let [largest, smallest] = [keys[from + column]!, keys[from + column]!]
      for (let index = from + column + headDim; index < from + width; index += headDim) {
        const key = keys[index]!
        if (key > largest) largest = key
        if (key < smallest) smallest = key
      }
      this.#data[at + column] = largest
      this.#data[at + headDim + column] = smallest
    }
  }

  #resize(context: PatternFeedContext, pages: number): void {
    if (pages === this.#pages) return
    const { kvHeads, headDim } = context.config
    const [old, before, width] = [this.#data, this.#pages, 2 * headDim]
    this.#data = new Float32Array(kvHeads * pages * width)
    this.#pages = pages
    for (let head = 0; head < kvHeads; head++) {
      const kept = this.#closed[head]!
      const rows = old.subarray(head * before * width, (head * before + kept) * width)
      this.#data.set(rows, head * pages * width)
      for (let page = kept; page < pages; page++) this.#fill(context, { head, page }, -far)
    }
  }
}
