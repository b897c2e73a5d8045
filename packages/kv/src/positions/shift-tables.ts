import type { RopeTable } from '@lc/core/models'
import { type GroupSizes, keyShift, queryShift } from './grouped-positions.ts'

/** Cosines and sines by position and key/value head, `[P, G, R/2]`. */
interface Rows {
  cos: Float32Array
  sin: Float32Array
}

/** What turns rotated keys and queries to their far positions. Grows as it is asked; a table for each set of group sizes. */
export class ShiftTables {
  readonly #rope: RopeTable
  readonly #sizes: readonly GroupSizes[]
  readonly #window: number
  #queries: Rows = { cos: new Float32Array(0), sin: new Float32Array(0) }
  #keys: Rows = { cos: new Float32Array(0), sin: new Float32Array(0) }
  #positions = 0

  /** @param sizes by key/value head */
  constructor(rope: RopeTable, sizes: readonly GroupSizes[], window: number) {
    this.#rope = rope
    this.#sizes = sizes
    this.#window = window
  }

  /** Numbers of one position. */
  get #width(): number {
    return this.#sizes.length * this.#rope.half
  }

  /** Rows of consecutive positions, for queries or for keys. */
  range(kind: 'queries' | 'keys', start: number, count: number): Rows {
    this.#grow(start + count)
    const { cos, sin } = kind === 'queries' ? this.#queries : this.#keys
    const [from, to] = [start * this.#width, (start + count) * this.#width]
    return { cos: cos.subarray(from, to), sin: sin.subarray(from, to) }
  }

  /** Rows of keys whose positions differ by head: slot by slot, `positions` by head. */
  keysAt(positions: readonly Int32Array[], slots: number): Rows {
    const half = this.#rope.half
    this.#grow(1 + positions.reduce((most, own) => own.reduce((last, position) => Math.max(last, position), most), 0))
    const rows = { cos: new Float32Array(slots * this.#width), sin: new Float32Array(slots * this.#width) }
    for (const [head, own] of positions.entries())
      for (let slot = 0; slot < Math.min(slots, own.length); slot++) {
        const from = own[slot]! * this.#width + head * half
        const to = slot * this.#width + head * half
        rows.cos.set(this.#keys.cos.subarray(from, from + half), to)
        rows.sin.set(this.#keys.sin.subarray(from, from + half), to)
      }
    return rows
  }

  #grow(positions: number): void {
    if (positions <= this.#positions) return
    const count = Math.max(positions, 2 * this.#positions, 256)
    const [queries, keys] = [this.#queries, this.#keys].map(({ cos, sin }) => {
      const rows = { cos: new Float32Array(count * this.#width), sin: new Float32Array(count * this.#width) }
      rows.cos.set(cos)
      rows.sin.set(sin)
      return rows
    }) as [Rows, Rows]
    for (let position = this.#positions; position < count; position++) this.#write(queries, keys, position)
    this.#queries = queries
    this.#keys = keys
    this.#positions = count
  }

  #write(queries: Rows, keys: Rows, position: number): void {
    const { inverse, half } = this.#rope
    for (const [head, sizes] of this.#sizes.entries())
      for (let pair = 0; pair < half; pair++) {
        const at = position * this.#width + head * half + pair
        const query = queryShift(position, sizes[pair]!, this.#window) * inverse[pair]!
        const key = keyShift(position, sizes[pair]!) * inverse[pair]!
        queries.cos[at] = Math.cos(query)
        queries.sin[at] = Math.sin(query)
        keys.cos[at] = Math.cos(key)
        keys.sin[at] = Math.sin(key)
      }
  }
}
