/** @file Rows of numbers by head and slot, in one array of either order. */
import type { HeadLayout } from './head-layout.ts'
import { type ArrayToSave, cacheProblem, type SavedArray } from './sealed-arrays.ts'

/** The arrays that hold slots. */
export type SlotArray = Float32Array | Uint8Array

/**
 * `slots`: a slot's row lies in one piece, `[G, C, D]`, ragged `[1, S, D]`. `columns`: transposed, `[G, D, C]`, ragged `[1, D, S]`. C is
 * the capacity of a head, S that of all heads.
 */
export type SlotOrder = 'slots' | 'columns'

const transposeBlock = 16
/** Slots from which on a native move is faster than a loop. */
const longRun = 24

/** Rows `[D]` of the slots of all heads of a layer. */
export class SlotMatrix<A extends SlotArray> {
  readonly layout: HeadLayout
  readonly width: number
  readonly order: SlotOrder
  readonly data: A

  constructor(layout: HeadLayout, width: number, order: SlotOrder, make: (length: number) => A) {
    this.layout = layout
    this.width = width
    this.order = order
    this.data = make(layout.total * width)
  }

  /** The sizes of `data`, outermost first. */
  get shape(): readonly number[] {
    const { layout, width, order } = this
    const [heads, slots] = layout.rectangular ? [layout.capacities.length, layout.capacity] : [1, layout.total]
    return order === 'slots' ? [heads, slots, width] : [heads, width, slots]
  }

  /** Copies the first slots of each head to a matrix of another layout. */
  copyTo(next: SlotMatrix<A>, lengths: Int32Array): void {
    for (const [head, length] of lengths.entries()) {
      const [from, to] = [this.#start(head), next.#start(head)]
      if (this.order === 'slots') {
        next.data.set(this.data.subarray(from, from + length * this.width), to)
        continue
      }
      const [step, nextStep] = [this.#columnStep, next.#columnStep]
      for (let column = 0; column < this.width; column++)
        next.data.set(this.data.subarray(from + column * step, from + column * step + length), to + column * nextStep)
    }
  }

  /** Writes `count` rows from a matrix of `stride` columns, starting at `offset` of it, to the slots from `slot` on. */
  write(head: number, slot: number, source: ArrayLike<number>, place: RowPlace): void {
    const { data, width } = this
    const { offset, stride, count } = place
    // plain loops: a view per row costs more than the copy
    if (this.order === 'slots') {
      for (let row = 0; row < count; row++) {
        const from = offset + row * stride
        const to = this.#start(head) + (slot + row) * width
        for (let column = 0; column < width; column++) data[to + column] = source[from + column]!
      }
      return
    }
    const step = this.#columnStep
    const base = this.#start(head) + slot
    // transposed in blocks of rows that stay in the cache of the processor
    for (let start = 0; start < count; start += transposeBlock) {
      const end = Math.min(count, start + transposeBlock)
      for (let column = 0; column < width; column++)
        for (let row = start, from = offset + start * stride + column; row < end; row++, from += stride)
          data[base + column * step + row] = source[from]!
    }
  }

  /** Moves the chosen slots of a head (ascending) to its front. */
  keep(head: number, runs: readonly SlotRun[]): void {
    const start = this.#start(head)
    if (this.order === 'slots') {
      for (const { to, from, count } of runs) this.#move(start, to * this.width, from * this.width, count * this.width)
      return
    }
    for (let column = 0; column < this.width; column++)
      for (const { to, from, count } of runs) this.#move(start + column * this.#columnStep, to, from, count)
  }

  /** Copies a slot's row. */
  read(head: number, slot: number, into: Float32Array, at = 0): void {
    const [slotStep, columnStep] = this.order === 'slots' ? [this.width, 1] : [1, this.#columnStep]
    const from = this.#start(head) + slot * slotStep
    for (let column = 0; column < this.width; column++) into[at + column] = this.data[from + column * columnStep]!
  }

  /** Copies the rows of a head's first slots, `[count, width]`. */
  readRows(head: number, count: number, into: Float32Array): void {
    const { data, width } = this
    const base = this.#start(head)
    if (this.order === 'slots') {
      for (let index = 0; index < count * width; index++) into[index] = data[base + index]!
      return
    }
    const step = this.#columnStep
    // transposed in blocks of slots that stay in the cache of the processor
    for (let start = 0; start < count; start += transposeBlock) {
      const end = Math.min(count, start + transposeBlock)
      for (let column = 0; column < width; column++)
        for (let slot = start; slot < end; slot++) into[slot * width + column] = data[base + column * step + slot]!
    }
  }

  /** The rows of the first slots of all heads `[slots, width]`, one head after the other, to be saved under a name. */
  arraysToSave(name: string, lengths: Int32Array): ArrayToSave[] {
    const type = this.data instanceof Float32Array ? 'float32' : 'uint8'
    const length = lengths.reduce((sum, each) => sum + each, 0) * this.width
    return [{ name, type, length, fill: (rows) => this.#transfer(lengths, rows, 'out') }]
  }

  /** Takes over rows that were saved. @throws FileFormatError for another number or type of them */
  restore(name: string, lengths: Int32Array, array: (name: string) => SavedArray | undefined): void {
    const saved = array(name)
    const length = lengths.reduce((sum, each) => sum + each, 0) * this.width
    if (saved?.constructor !== this.data.constructor || saved.length !== length)
      throw cacheProblem(`its ${name} arrays have another size than its slots need`)
    this.#transfer(lengths, saved, 'in')
  }

  /** The first slots of all heads to or from rows that lie one after the other. */
  #transfer(lengths: Int32Array, rows: SavedArray, direction: 'in' | 'out'): void {
    const { data, width } = this
    let at = 0
    for (const [head, length] of lengths.entries()) {
      const start = this.#start(head)
      const size = length * width
      if (this.order === 'slots' && direction === 'out') rows.set(data.subarray(start, start + size), at)
      else if (this.order === 'slots') data.set(rows.subarray(at, at + size), start)
      else this.#transpose(rows, { start, at, length, direction })
      at += size
    }
  }

  #transpose(
    rows: SavedArray,
    { start, at, length, direction }: { start: number; at: number; length: number; direction: 'in' | 'out' },
  ): void {
    const { data, width } = this
    const step = this.#columnStep
    for (let slot = 0; slot < length; slot++)
      for (let column = 0, own = start + slot, row = at + slot * width; column < width; column++, own += step)
        if (direction === 'out') rows[row + column] = data[own]!
        else data[own] = rows[row + column]!
  }

  /** The rows of a head's first slots in one piece; only of a matrix in the order `slots`. */
  view(head: number, count: number): A {
    const start = this.#start(head)
    return this.data.subarray(start, start + count * this.width) as A
  }

  get #columnStep(): number {
    return this.layout.rectangular ? this.layout.capacity : this.layout.total
  }

  #start(head: number): number {
    const first = this.layout.starts[head]!
    return this.order === 'slots' || this.layout.rectangular ? first * this.width : first
  }

  #move(base: number, to: number, from: number, count: number): void {
    const { data } = this
    if (count > longRun) data.copyWithin(base + to, base + from, base + from + count)
    else for (let index = 0; index < count; index++) data[base + to + index] = data[base + from + index]!
  }
}

/** Where rows lie in the array they come from. */
export interface RowPlace {
  readonly offset: number
  readonly stride: number
  readonly count: number
}

/** Neighbouring slots that move together. */
export interface SlotRun {
  readonly to: number
  readonly from: number
  count: number
}

/** The moves that bring ascending slots to the front; those that stay where they are left out. */
export function movedRuns(slots: ArrayLike<number>): readonly SlotRun[] {
  const runs: SlotRun[] = []
  for (let index = 0; index < slots.length; index++) {
    const slot = slots[index]!
    if (slot === index) continue
    const last = runs.at(-1)
    if (last && last.from + last.count === slot) last.count++
    else runs.push({ to: index, from: slot, count: 1 })
  }
  return runs
}
