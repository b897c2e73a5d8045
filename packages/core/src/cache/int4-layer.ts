/** @file Keys and values in 4 bits (KIVI): blocks of 32 tokens rounded together, and the latest tokens in float32. */

import { groupTokens } from '../graph/composite/four-bit-cache.ts'
import type { HostTensor } from '../runtime/tensor.ts'
import type { HeadLayout } from './head-layout.ts'
import { Int4Blocks } from './int4-blocks.ts'
import { Int4Places, placesOfMask } from './int4-places.ts'
import { residualTokens } from './kivi-quantiser.ts'
import type { KvLayer, KvShape, NewRows } from './kv-layer.ts'
import { type KeyTurn, turnRow } from './rotate-key.ts'
import { type ArrayToSave, cacheProblem, type SavedArray, savedArray } from './sealed-arrays.ts'
import type { SlotRun } from './slot-matrix.ts'

/** Tokens in float32 before the oldest of them become a block. */
export const tailTokens = residualTokens + groupTokens
/** Places without a slot that a head may have: so many, and this part of its slots. */
const mostHoles = 64
const holeShare = 1 / 16
/** Blocks of room beside those in use, in parts of them. */
const roomShare = 1 / 16

/** Keys of a block being rewritten, in float32: all its changes are rounded at once. */
interface OpenBlock {
  readonly head: number
  readonly block: number
  readonly rows: Float32Array
}

/**
 * The first slots of a head lie in blocks of 32 places, the rest, 128 to 160 of the latest, in a tail of float32 rows. When the tail is
 * full, its first 32 rows become a block. Slots that are removed leave holes in their blocks, and the codes of the others stay as they
 * are; where holes become many, empty blocks go, and then keys of the blocks with holes are read back and grouped anew, which rounds
 * them once more. Values are rounded per token and never again. Slots taken back (`truncate`) are let go, nothing is rounded.
 */
export class Int4Layer implements KvLayer {
  readonly format = 'int4'
  readonly shape: KvShape
  readonly layout: HeadLayout
  readonly #places: Int4Places
  #blocks: Int4Blocks
  /** Tails `[G, W, D]`, ragged `[1, sum of W, D]`. */
  readonly #tailKey: Float32Array
  readonly #tailValue: Float32Array
  #open: OpenBlock | undefined
  owners = 1
  readonly ends: Int32Array

  constructor(shape: KvShape, layout: HeadLayout) {
    this.shape = shape
    this.layout = layout
    this.ends = new Int32Array(shape.kvHeads)
    const counts = new Int32Array(shape.kvHeads).fill(1)
    this.#blocks = new Int4Blocks({ counts, rectangular: layout.rectangular }, shape.headDim)
    this.#places = new Int4Places(layout, tailTokens, this.#blocks)
    this.#tailKey = new Float32Array(this.#places.tailRows * shape.headDim)
    this.#tailValue = new Float32Array(this.#places.tailRows * shape.headDim)
  }

  get bytes(): number {
    return this.#blocks.bytes + this.#places.bytes + this.#tailKey.byteLength + this.#tailValue.byteLength
  }

  takesBehind(count: number): boolean {
    return this.ends.every((_, head) => this.#places.tail(head) + count <= this.#places.tailRoom(head))
  }

  usedBytes(head: number, length: number): number {
    const { headDim } = this.shape
    const coded = Math.min(this.#places.coded(head), length)
    const grids = (2 * 2 * headDim) / groupTokens + 2 * 4 * this.#blocks.pairs
    return coded * (headDim + grids + 8) + (length - coded) * (8 * headDim + 8)
  }

  get tensors(): Readonly<Record<string, HostTensor>> {
    this.#flush()
    const { headDim } = this.shape
    const [blocks, places] = [this.#blocks, this.#places]
    const { outer, blockCount, tailWidth } = places
    const { pairs, channels } = blocks
    const tail = [outer, tailWidth, headDim]
    return {
      pastKey: { dtype: 'uint8', shape: [outer, blockCount, headDim, groupTokens / 2], data: blocks.key },
      pastKeyGrid: { dtype: 'float16', shape: [outer, blockCount, 2, headDim], data: blocks.keyGrid },
      pastValue: { dtype: 'uint8', shape: [outer, pairs, blockCount, groupTokens, channels], data: blocks.value },
      pastValueGrid: { dtype: 'float16', shape: [outer, 4 * pairs, blockCount, groupTokens], data: blocks.valueGrid },
      pastTailKey: { dtype: 'float32', shape: tail, data: this.#tailKey },
      pastTailValue: { dtype: 'float32', shape: tail, data: this.#tailValue },
      pastRows: { dtype: 'int32', shape: [outer, places.slotWidth], data: places.rows },
      pastSlots: { dtype: 'int32', shape: [outer, blockCount, groupTokens], data: places.slots },
      pastTailSlots: { dtype: 'int32', shape: [outer, tailWidth], data: places.tailSlots },
    }
  }

  copyTo(next: KvLayer, lengths: Int32Array): void {
    this.#flush()
    const target = next as Int4Layer
    const counts = lengths.map((length, head) => this.#places.blocksFor(head, length))
    const alike = this.layout.equals(target.layout)
    target.#allocate(alike ? this.#blocks.layout.counts : counts)
    const whole = alike && lengths.every((length, head) => length === this.#places.length(head))
    if (whole) target.#places.copyAll(this.#places)
    for (const [head, length] of lengths.entries()) {
      if (!whole) target.#places.copyFrom(this.#places, head, length)
      this.#blocks.copyTo(target.#blocks, head, counts[head]!)
      if (length < this.#places.coded(head)) target.#clearHoles(head)
      const { headDim } = this.shape
      const [from, to] = [this.#tailAt(head, 0), target.#tailAt(head, 0)]
      const size = target.#places.tail(head) * headDim
      target.#tailKey.set(this.#tailKey.subarray(from, from + size), to)
      target.#tailValue.set(this.#tailValue.subarray(from, from + size), to)
    }
  }

  write(head: number, slot: number, rows: NewRows, { first, count }: { first: number; count: number }): void {
    this.#flush()
    this.#takeBack(head, slot)
    const { kvHeads, headDim } = this.shape
    const stride = kvHeads * headDim
    for (let row = first; row < first + count; row++) {
      if (this.#places.tail(head) === tailTokens) this.#closeBlock(head)
      const from = row * stride + head * headDim
      const to = this.#tailAt(head, this.#places.pushTail(head))
      for (let channel = 0; channel < headDim; channel++) {
        this.#tailKey[to + channel] = rows.key[from + channel]!
        this.#tailValue[to + channel] = rows.value[from + channel]!
      }
    }
  }

  keep(head: number, runs: readonly SlotRun[]): void {
    if (runs.length === 0) return
    this.#flush()
    const { headDim } = this.shape
    this.#places.keep(head, runs, {
      dropped: (place) => this.#blocks.clearValue(head, place),
      moved: (from, to) => {
        const [start, target] = [this.#tailAt(head, from), this.#tailAt(head, to)]
        this.#tailKey.copyWithin(target, start, start + headDim)
        this.#tailValue.copyWithin(target, start, start + headDim)
      },
    })
    this.#clearTail(head)
    if (this.#tooManyHoles(head)) this.#compact(head)
  }

  keyAt(head: number, slot: number): Float32Array {
    this.#flush()
    return this.#keyRows(head, slot, 1)
  }

  valueAt(head: number, slot: number): Float32Array {
    return this.#valueRows(head, slot, 1)
  }

  turnKey(head: number, slot: number, turn: KeyTurn): void {
    this.#editKey(head, slot, (rows, at) => turnRow(rows, at, turn))
  }

  setKey(head: number, slot: number, key: ArrayLike<number>): void {
    this.#editKey(head, slot, (rows, at) => rows.set(key, at))
  }

  setValue(head: number, slot: number, value: ArrayLike<number>): void {
    const place = this.#places.placeOf(head, slot)
    if (place === undefined) this.#tailValue.set(value, this.#tailAt(head, this.#places.tailRowOf(head, slot)))
    else this.#blocks.writeValue(head, place, value, 0)
  }

  keyRows(head: number, count: number): Float32Array {
    this.#flush()
    return this.#keyRows(head, 0, count)
  }

  valueRows(head: number, count: number): Float32Array {
    return this.#valueRows(head, 0, count)
  }

  arraysToSave(lengths: Int32Array): ArrayToSave[] {
    this.#flush()
    const { headDim } = this.shape
    const arrays: ArrayToSave[] = []
    for (const [head, length] of lengths.entries()) {
      const counts = { blocks: this.#places.blocksFor(head, length), tail: this.#places.tailFor(head, length) }
      arrays.push(
        savedArray(`places.${head}`, this.#places.maskOf(head, length)),
        ...this.#blocks.bytesOf(head, counts.blocks).map((bytes, part) => savedArray(`block.${head}.${part}`, bytes)),
        savedArray(`tailKey.${head}`, this.#tailPart(this.#tailKey, head, counts.tail * headDim)),
        savedArray(`tailValue.${head}`, this.#tailPart(this.#tailValue, head, counts.tail * headDim)),
      )
    }
    return arrays
  }

  restore(lengths: Int32Array, array: (name: string) => SavedArray | undefined): void {
    const all = Array.from(lengths, (length, head) => this.#readPlaces(head, array(`places.${head}`), length))
    this.#allocate(Int32Array.from(all, (places) => blocksOf(places)))
    for (const [head, length] of lengths.entries()) {
      const places = all[head]!
      this.#places.restore(head, places, length)
      for (const [part, bytes] of this.#blocks.bytesOf(head, blocksOf(places)).entries())
        takeOver(bytes, array(`block.${head}.${part}`))
      const size = (length - places.length) * this.shape.headDim
      takeOver(this.#tailPart(this.#tailKey, head, size), array(`tailKey.${head}`))
      takeOver(this.#tailPart(this.#tailValue, head, size), array(`tailValue.${head}`))
      this.#clearHoles(head)
    }
  }

  #readPlaces(head: number, mask: SavedArray | undefined, length: number): Int32Array {
    const places = mask instanceof Uint8Array ? placesOfMask(mask) : undefined
    const tail = places && length - places.length
    if (tail === undefined || tail < 0 || tail > this.#places.tailRoom(head))
      throw cacheProblem('its slots lie where none can')
    return places!
  }

  #keyRows(head: number, first: number, count: number): Float32Array {
    return this.#rows(head, first, count, this.#tailKey, (place, into, at) =>
      this.#blocks.readKey(head, place, into, at),
    )
  }

  #valueRows(head: number, first: number, count: number): Float32Array {
    return this.#rows(head, first, count, this.#tailValue, (place, into, at) =>
      this.#blocks.readValue(head, place, into, at),
    )
  }

  #rows(
    head: number,
    first: number,
    count: number,
    tail: Float32Array,
    read: (place: number, into: Float32Array, at: number) => void,
  ): Float32Array {
    const { headDim } = this.shape
    const rows = new Float32Array(count * headDim)
    for (let row = 0; row < count; row++) {
      const place = this.#places.placeOf(head, first + row)
      if (place !== undefined) read(place, rows, row * headDim)
      else {
        const from = this.#tailAt(head, this.#places.tailRowOf(head, first + row))
        rows.set(tail.subarray(from, from + headDim), row * headDim)
      }
    }
    return rows
  }

  #editKey(head: number, slot: number, change: (rows: Float32Array, at: number) => void): void {
    const { headDim } = this.shape
    const place = this.#places.placeOf(head, slot)
    if (place === undefined) {
      change(this.#tailKey, this.#tailAt(head, this.#places.tailRowOf(head, slot)))
      return
    }
    const block = Math.floor(place / groupTokens)
    if (this.#open?.head !== head || this.#open.block !== block) {
      this.#flush()
      const rows = new Float32Array(groupTokens * headDim)
      for (let own = 0; own < groupTokens; own++)
        this.#blocks.readKey(head, block * groupTokens + own, rows, own * headDim)
      this.#open = { head, block, rows }
    }
    change(this.#open!.rows, (place % groupTokens) * headDim)
  }

  /** Rounds what was rewritten. */
  #flush(): void {
    if (!this.#open) return
    const { head, block, rows } = this.#open
    this.#open = undefined
    this.#blocks.writeKeys(head, block, rows, 0, groupTokens)
  }

  /** Lets slots go that were written before and taken back since. */
  #takeBack(head: number, slot: number): void {
    if (slot === this.#places.length(head)) return
    for (const place of this.#places.truncate(head, slot)) this.#blocks.clearValue(head, place)
    this.#clearTail(head)
  }

  /** Rounds the first 32 rows of a full tail. */
  #closeBlock(head: number): void {
    const { headDim } = this.shape
    if (this.#tooManyHoles(head)) this.#compact(head)
    const block = this.#places.blocks(head)
    if (block === this.#blocks.layout.counts[head]) this.#allocate(this.#roomFor(head))
    const start = this.#tailAt(head, 0)
    this.#blocks.writeKeys(head, block, this.#tailKey, start, groupTokens)
    for (let row = 0; row < groupTokens; row++)
      this.#blocks.writeValue(head, block * groupTokens + row, this.#tailValue, start + row * headDim)
    this.#places.closeBlock(head)
    for (const tail of [this.#tailKey, this.#tailValue])
      tail.copyWithin(start, start + groupTokens * headDim, start + tailTokens * headDim)
    this.#clearTail(head)
  }

  /** Rows behind a tail must be zero: they are added with the weights of slots that lie elsewhere. */
  #clearTail(head: number): void {
    const end = this.#tailAt(head, this.#places.tailRoom(head))
    this.#tailValue.fill(0, this.#tailAt(head, this.#places.tail(head)), end)
  }

  #clearHoles(head: number): void {
    for (const place of this.#places.holesOf(head)) this.#blocks.clearValue(head, place)
  }

  #tooManyHoles(head: number): boolean {
    return this.#places.holes(head) > mostHoles + this.#places.coded(head) * holeShare
  }

  /** Fewer holes: empty blocks go; where that is not enough, keys are grouped anew from the first block with holes on. */
  #compact(head: number): void {
    const { headDim } = this.shape
    const end = this.#places.blocks(head) * groupTokens
    this.#places.dropEmptyBlocks(head, (from, to) => this.#blocks.moveBlock(head, from, to))
    if (this.#tooManyHoles(head)) {
      const first = this.#places.slotsBeforeHoles(head)
      const count = this.#places.coded(head) - first
      const keys = this.#keyRows(head, first, count)
      for (let slot = first; slot < first + count; slot++)
        this.#blocks.moveValue(head, this.#places.placeOf(head, slot)!, slot)
      for (let row = 0; row < count; row += groupTokens) {
        const rows = Math.min(groupTokens, count - row)
        this.#blocks.writeKeys(head, (first + row) / groupTokens, keys, row * headDim, rows)
      }
      this.#places.closeHoles(head)
    }
    this.#clearHoles(head)
    for (let place = this.#places.blocks(head) * groupTokens; place < end; place++) this.#blocks.clearValue(head, place)
  }

  /** Blocks for every head, one more and some room for this one. */
  #roomFor(head: number): Int32Array {
    return this.#blocks.layout.counts.map((count, other) =>
      other === head ? count + Math.max(1, Math.ceil(count * roomShare)) : count,
    )
  }

  /** Gives heads room for so many blocks at least. */
  #allocate(wanted: Int32Array): void {
    const { counts, rectangular } = this.#blocks.layout
    const own = counts.map((count, head) => Math.max(count, wanted[head]!))
    const next = rectangular ? own.fill(Math.max(...own)) : own
    if (next.every((count, head) => count === counts[head])) return
    const blocks = new Int4Blocks({ counts: next, rectangular }, this.shape.headDim)
    for (let head = 0; head < counts.length; head++) this.#blocks.copyTo(blocks, head, this.#places.blocks(head))
    this.#blocks = blocks
    this.#places.resize(blocks)
  }

  #tailAt(head: number, row: number): number {
    return (this.#places.tailStart(head) + row) * this.shape.headDim
  }

  #tailPart(tail: Float32Array, head: number, size: number): Float32Array {
    const start = this.#tailAt(head, 0)
    return tail.subarray(start, start + size)
  }
}

function blocksOf(places: Int32Array): number {
  return places.length === 0 ? 0 : Math.floor(places.at(-1)! / groupTokens) + 1
}

function takeOver(target: Uint8Array | Float32Array, source: SavedArray | undefined): void {
  if (source?.constructor !== target.constructor || source.length !== target.length)
    throw cacheProblem('its blocks have another size than its slots need')
  target.set(source)
}
