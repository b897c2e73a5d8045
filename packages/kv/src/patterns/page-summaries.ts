/** @file Numbers that stand for whole pages of keys, kept up with a cache that grows and is cut. */
import type { PatternFeedContext } from '@lc/core'
import { capacityOf, longestHead } from './page-views.ts'

/** What stands for a page. */
export interface PageSummary {
  /** Numbers of a page, W. */
  readonly width: number
  /** Writes a full page's numbers: `rows[from...]` are its keys (or its values), `[c, D]`. */
  readonly full: (target: Float32Array, at: number, rows: Float32Array, from: number) => void
  /** Writes those of the page that is still open: `rows[from...]` are its first `count` rows. */
  readonly open: (target: Float32Array, at: number, rows: Float32Array, from: number, count: number) => void
  /** Writes those of a page without slots. */
  readonly unused: (target: Float32Array, at: number) => void
}

/** The summaries of a layer's pages, `[G, P, W]`. A page is read once, when it is full. */
export class PageSummaries {
  readonly #layer: number
  readonly #pageSize: number
  readonly #summary: PageSummary
  #data = new Float32Array(0)
  #pages = 0
  /** Pages by head whose full summary is written. */
  readonly #closed: Int32Array

  constructor({ config }: PatternFeedContext, place: { layer: number; pageSize: number }, summary: PageSummary) {
    this.#layer = place.layer
    this.#pageSize = place.pageSize
    this.#summary = summary
    this.#closed = new Int32Array(config.kvHeads)
  }

  /** Forgets pages that a cache which was cut does not fill any more. */
  cut(context: PatternFeedContext): void {
    for (let head = 0; head < this.#closed.length; head++) {
      const full = Math.floor(context.length(this.#layer, head) / this.#pageSize)
      if (full >= this.#closed[head]!) continue
      for (let page = full; page < this.#pages; page++) this.#summary.unused(this.#data, this.#at(head, page))
      this.#closed[head] = full
    }
  }

  /**
   * The summaries as the cache is now, with room for the pages of the new tokens, and for the page that comes next. `rows` `[G, C, D]` is
   * what they are of; defaults to the keys.
   */
  update(
    context: PatternFeedContext,
    rows = context.keys(this.#layer),
  ): { readonly data: Float32Array; readonly pages: number } {
    this.cut(context)
    const capacity = capacityOf(context, this.#layer)
    const room = Math.max(capacity, longestHead(context, this.#layer) + context.tokens)
    this.#resize(Math.floor(room / this.#pageSize) + 1)
    const { headDim } = context.config
    for (let head = 0; head < this.#closed.length; head++) {
      const length = context.length(this.#layer, head)
      const full = Math.floor(length / this.#pageSize)
      for (let page = this.#closed[head]!; page < full; page++)
        this.#summary.full(this.#data, this.#at(head, page), rows, (head * capacity + page * this.#pageSize) * headDim)
      this.#closed[head] = full
      const [at, count] = [this.#at(head, full), length - full * this.#pageSize]
      const from = (head * capacity + full * this.#pageSize) * headDim
      if (count > 0) this.#summary.open(this.#data, at, rows, from, count)
      else this.#summary.unused(this.#data, at)
    }
    return { data: this.#data, pages: this.#pages }
  }

  #at(head: number, page: number): number {
    return (head * this.#pages + page) * this.#summary.width
  }

  #resize(pages: number): void {
    if (pages === this.#pages) return
    const { width } = this.#summary
    const [old, before] = [this.#data, this.#pages]
    this.#data = new Float32Array(this.#closed.length * pages * width)
    this.#pages = pages
    for (let head = 0; head < this.#closed.length; head++) {
      const kept = this.#closed[head]!
      this.#data.set(old.subarray(head * before * width, (head * before + kept) * width), this.#at(head, 0))
      for (let page = kept; page < pages; page++) this.#summary.unused(this.#data, this.#at(head, page))
    }
  }
}

// beyond what keys reach, small enough that a product with a query is finite
const far = 1e9

/**
 * The largest and the smallest value of each channel over the keys of a page, the largest first. The open page has bounds that win over
 * all others, pages without slots such that lose.
 */
export function boundsOfPages(pageSize: number, headDim: number): PageSummary {
  const fill = (target: Float32Array, at: number, value: number): void => {
    target.fill(value, at, at + headDim)
    target.fill(-value, at + headDim, at + 2 * headDim)
  }
  return {
    width: 2 * headDim,
    open: (target, at) => fill(target, at, far),
    unused: (target, at) => fill(target, at, -far),
    full: (target, at, keys, from) => {
      for (let channel = 0; channel < headDim; channel++) {
        let [largest, smallest] = [keys[from + channel]!, keys[from + channel]!]
        for (let slot = 1; slot < pageSize; slot++) {
          const key = keys[from + slot * headDim + channel]!
          if (key > largest) largest = key
          if (key < smallest) smallest = key
        }
        target[at + channel] = largest
        target[at + headDim + channel] = smallest
      }
    },
  }
}

/** The mean row of a page; of the open one the share of its rows in the mean that comes; zeros for pages without slots. */
export function meansOfPages(pageSize: number, headDim: number): PageSummary {
  const clear = (target: Float32Array, at: number): void => {
    target.fill(0, at, at + headDim)
  }
  const mean = (target: Float32Array, at: number, rows: Float32Array, from: number, count: number): void => {
    for (let channel = 0; channel < headDim; channel++) {
      let sum = 0
      for (let slot = 0; slot < count; slot++) sum += rows[from + slot * headDim + channel]!
      target[at + channel] = sum / pageSize
    }
  }
  return {
    width: headDim,
    open: mean,
    unused: clear,
    full: (target, at, rows, from) => mean(target, at, rows, from, pageSize),
  }
}
