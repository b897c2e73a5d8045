import { groupTokens } from '../graph/composite/four-bit-cache.ts'
import type { HeadLayout } from './head-layout.ts'
import type { Int4Blocks } from './int4-blocks.ts'
import type { SlotRun } from './slot-matrix.ts'

/** What happens to rows when slots are kept. */
interface KeepEvents {
  dropped(place: number): void
  /** A row of the tail moves. */
  moved(from: number, to: number): void
}

/**
 * Where the slots of each head lie: the first ones in places of blocks, in ascending order, the others in rows of a tail. A graph reads a
 * layer as rows of `[G, P + W, D]`, blocks before tails; ragged layers are one head that holds all blocks before all tails.
 */
export class Int4Places {
  readonly #layout: HeadLayout
  readonly #tailStarts: Int32Array
  readonly #tailRooms: Int32Array
  readonly #tailTotal: number
  /** Slots in blocks, blocks in use, and rows in the tail, of each head. */
  readonly #coded: Int32Array
  readonly #blockCounts: Int32Array
  readonly #tails: Int32Array
  #room: Int4Blocks
  /** The row of each slot among those of all heads, `[G, C]`, ragged `[1, S]`. */
  readonly rows: Int32Array
  /** The slot of each place among those of all heads, `[G, N, 32]`; of holes any. */
  slots: Int32Array
  /** The slot of each row of a tail, `[G, W]`. */
  readonly tailSlots: Int32Array

  constructor(layout: HeadLayout, tailTokens: number, room: Int4Blocks) {
    const heads = layout.capacities.length
    this.#layout = layout
    this.#room = room
    this.#tailRooms = layout.capacities.map((capacity) => Math.min(capacity, tailTokens))
    this.#tailStarts = new Int32Array(heads)
    let total = 0
    for (const [head, rows] of this.#tailRooms.entries()) {
      this.#tailStarts[head] = total
      total += rows
    }
    this.#tailTotal = total
    this.#coded = new Int32Array(heads)
    this.#blockCounts = new Int32Array(heads)
    this.#tails = new Int32Array(heads)
    this.rows = new Int32Array(layout.total)
    this.slots = new Int32Array(room.total * groupTokens)
    this.tailSlots = new Int32Array(total)
    for (let head = 0; head < heads; head++) this.#mapTail(head)
  }

  get bytes(): number {
    return this.rows.byteLength + this.slots.byteLength + this.tailSlots.byteLength
  }

  /** G, or 1 where heads lie one after the other. */
  get outer(): number {
    return this.#layout.rectangular ? this.#layout.capacities.length : 1
  }

  get blockCount(): number {
    return this.#room.total / this.outer
  }

  get tailWidth(): number {
    return this.#tailTotal / this.outer
  }

  get slotWidth(): number {
    return this.#layout.total / this.outer
  }

  /** Rows of all tails. */
  get tailRows(): number {
    return this.#tailTotal
  }

  /** Slots of a head. */
  length(head: number): number {
    return this.#coded[head]! + this.#tails[head]!
  }

  /** Slots that lie in blocks. */
  coded(head: number): number {
    return this.#coded[head]!
  }

  blocks(head: number): number {
    return this.#blockCounts[head]!
  }

  tail(head: number): number {
    return this.#tails[head]!
  }

  tailRoom(head: number): number {
    return this.#tailRooms[head]!
  }

  tailStart(head: number): number {
    return this.#tailStarts[head]!
  }

  /** Places of blocks in use that hold no slot. */
  holes(head: number): number {
    return this.blocks(head) * groupTokens - this.coded(head)
  }

  /** The place of a slot, undefined for one in the tail. */
  placeOf(head: number, slot: number): number | undefined {
    if (slot >= this.#coded[head]!) return undefined
    return this.rows[this.#layout.starts[head]! + slot]! - this.#firstRow(head)
  }

  tailRowOf(head: number, slot: number): number {
    return slot - this.#coded[head]!
  }

  /** Blocks that the first slots lie in. */
  blocksFor(head: number, length: number): number {
    const last = this.placeOf(head, Math.min(length, this.coded(head)) - 1)
    return length === 0 || last === undefined || this.coded(head) === 0 ? 0 : Math.floor(last / groupTokens) + 1
  }

  /** Rows of the tail that the first slots lie in. */
  tailFor(head: number, length: number): number {
    return Math.max(0, length - this.coded(head))
  }

  /** Places of those of the first slots that lie in blocks. */
  placesOf(head: number, length: number): Int32Array {
    const start = this.#layout.starts[head]!
    const first = this.#firstRow(head)
    return this.rows.slice(start, start + Math.min(length, this.coded(head))).map((row) => row - first)
  }

  /** The same as bits, lowest first: the place of each that is set holds a slot. */
  maskOf(head: number, length: number): Uint8Array {
    const mask = new Uint8Array((this.blocksFor(head, length) * groupTokens) / 8)
    for (const place of this.placesOf(head, length)) mask[place >> 3]! |= 1 << (place & 7)
    return mask
  }

  holesOf(head: number): number[] {
    const used = new Uint8Array(this.blocks(head) * groupTokens)
    for (let slot = 0; slot < this.coded(head); slot++) used[this.placeOf(head, slot)!] = 1
    const holes: number[] = []
    for (const [place, taken] of used.entries()) if (!taken) holes.push(place)
    return holes
  }

  /** One more row of the tail; gives its number. */
  pushTail(head: number): number {
    return this.#tails[head]!++
  }

  /** The first 32 rows of the tail become a block. */
  closeBlock(head: number): void {
    const first = this.#blockCounts[head]!++ * groupTokens
    for (let row = 0; row < groupTokens; row++) this.#put(head, this.#coded[head]! + row, first + row)
    this.#coded[head]! += groupTokens
    this.#tails[head]! -= groupTokens
    this.#mapTail(head)
  }

  /** Keeps the first slots; gives the places of the others. */
  truncate(head: number, length: number): number[] {
    const coded = this.coded(head)
    const blocks = this.blocksFor(head, length)
    const dropped: number[] = []
    for (let slot = length; slot < coded; slot++) dropped.push(this.placeOf(head, slot)!)
    this.#tails[head] = Math.min(this.tail(head), this.tailFor(head, length))
    if (length >= coded) return dropped
    this.#coded[head] = length
    this.#blockCounts[head] = blocks
    this.#mapTail(head)
    return dropped
  }

  /** Keeps slots of a head, by the moves that bring them to its front. */
  keep(head: number, runs: readonly SlotRun[], events: KeepEvents): void {
    const [coded, tail] = [this.coded(head), this.tail(head)]
    const first = runs[0]!.to
    const places: number[] = []
    const rows: number[] = []
    let run = 0
    for (let slot = 0; slot < coded + tail; slot++) {
      while (run < runs.length && runs[run]!.from + runs[run]!.count <= slot) run++
      const kept = slot < first || (run < runs.length && slot >= runs[run]!.from)
      if (slot >= coded) {
        if (kept) rows.push(slot - coded)
      } else if (kept) places.push(this.placeOf(head, slot)!)
      else events.dropped(this.placeOf(head, slot)!)
    }
    this.#set(head, places)
    this.#tails[head] = rows.length
    for (const [row, from] of rows.entries()) {
      if (row !== from) events.moved(from, row)
    }
  }

  /** Moves blocks over those without slots. */
  dropEmptyBlocks(head: number, move: (from: number, to: number) => void): void {
    const places: number[] = []
    let [block, to] = [-1, -1]
    for (let slot = 0; slot < this.coded(head); slot++) {
      const place = this.placeOf(head, slot)!
      const own = Math.floor(place / groupTokens)
      if (own !== block) {
        block = own
        to++
        if (to !== block) move(block, to)
      }
      places.push(to * groupTokens + (place % groupTokens))
    }
    this.#set(head, places)
  }

  /** Slots in the blocks before the first one with a hole. */
  slotsBeforeHoles(head: number): number {
    let full = 0
    while (full < this.coded(head) && this.placeOf(head, full) === full) full++
    return Math.floor(full / groupTokens) * groupTokens
  }

  /** Slots lie one behind the other from now on. */
  closeHoles(head: number): void {
    this.#set(
      head,
      Array.from({ length: this.coded(head) }, (_, slot) => slot),
    )
  }

  /** All slots lie as in another layer of the same layout and the same room. */
  copyAll(other: Int4Places): void {
    for (const [own, theirs] of [
      [this.rows, other.rows],
      [this.slots, other.slots],
      [this.tailSlots, other.tailSlots],
      [this.#coded, other.#coded],
      [this.#blockCounts, other.#blockCounts],
      [this.#tails, other.#tails],
    ] as const)
      own.set(theirs)
  }

  /** The first slots of a head lie as in another layer. */
  copyFrom(other: Int4Places, head: number, length: number): void {
    this.restore(head, other.placesOf(head, length), length)
  }

  restore(head: number, places: ArrayLike<number>, length: number): void {
    this.#set(head, places)
    this.#tails[head] = length - places.length
  }

  /** Other room for blocks. */
  resize(room: Int4Blocks): void {
    const places = Array.from(this.#coded, (coded, head) => this.placesOf(head, coded))
    this.#room = room
    this.slots = new Int32Array(room.total * groupTokens)
    for (const [head, own] of places.entries()) this.restore(head, own, own.length + this.tail(head))
  }

  #set(head: number, places: ArrayLike<number>): void {
    this.#coded[head] = places.length
    this.#blockCounts[head] = places.length === 0 ? 0 : Math.floor(places[places.length - 1]! / groupTokens) + 1
    for (let slot = 0; slot < places.length; slot++) this.#put(head, slot, places[slot]!)
    this.#mapTail(head)
  }

  #put(head: number, slot: number, place: number): void {
    const own = this.#layout.starts[head]! + slot
    this.rows[own] = this.#firstRow(head) + place
    this.slots[this.#room.starts[head]! * groupTokens + place] = own
  }

  /** Rows of a tail belong to the slots behind those in blocks, before they are written too: a fork may write them while another reads. */
  #mapTail(head: number): void {
    const first = this.#layout.starts[head]! + this.#coded[head]!
    const end = this.#layout.starts[head]! + this.#layout.capacities[head]!
    const places = this.#room.total * groupTokens
    const tail = this.#tailStarts[head]!
    const base = this.#layout.rectangular ? this.#firstRow(head) + places / this.outer : places + tail
    for (let row = 0; row < this.#tailRooms[head]!; row++) {
      // rows that no slot is left for stay zero
      this.tailSlots[tail + row] = Math.min(first + row, end - 1)
      if (first + row < end) this.rows[first + row] = base + row
    }
  }

  /** The row of a head's first place. */
  #firstRow(head: number): number {
    const first = this.#room.starts[head]! * groupTokens
    return this.#layout.rectangular ? first + head * this.tailWidth : first
  }
}

/** The places whose bits are set. */
export function placesOfMask(mask: Uint8Array): Int32Array {
  const places: number[] = []
  for (let place = 0; place < 8 * mask.length; place++) if ((mask[place >> 3]! >> (place & 7)) & 1) places.push(place)
  return Int32Array.from(places)
}
