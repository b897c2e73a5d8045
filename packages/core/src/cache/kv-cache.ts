/** @file The key-value cache of one text: plain arrays outside the graph, edited in JavaScript, shared between forks until written. */
import { checkArgument, checkInteger } from '@lc/model/check'
import { DisposedError, InternalError } from '@lc/model/errors'
import type { KvLayer, KvShape } from './kv-layer.ts'
import { LayerPool } from './layer-pool.ts'
import { SlotChannels } from './slot-channels.ts'

/** Sizes of a cache. */
export interface KvCacheShape extends KvShape {
  readonly layers: number
}

/** New rows of one layer, `[T, G*D]` each. */
export interface NewRows {
  readonly key: Float32Array
  readonly value: Float32Array
}

/** A point to come back to; see `KvCache.truncate`. */
export interface CacheMark {
  readonly lengths: Int32Array
  readonly nextPosition: number
  /** Edits so far: a mark does not outlive the next one. */
  readonly edits: number
}

/** Options of a cache. */
export interface KvCacheOptions {
  /** Slots to have room for at once. Defaults to few. */
  readonly capacity?: number
  /** Layers of closed caches. Defaults to none. */
  readonly pool?: LayerPool
}

const block = 128
const biasChannel = 'bias'

/** Keys and values of all layers, with a length per layer and head. */
export class KvCache {
  readonly shape: KvCacheShape
  readonly #pool: LayerPool
  #layers: KvLayer[]
  #capacity: number
  /** Slots in use, `[L * G]`. */
  #lengths: Int32Array
  /** Positions of slots: one array for all heads while they are alike. */
  #positions: Int32Array[]
  readonly #channels: SlotChannels
  #nextPosition = 0
  #edits = 0
  #closed = false

  constructor(shape: KvCacheShape, options: KvCacheOptions = {}, origin?: KvCache) {
    const { capacity = 0, pool = new LayerPool(0) } = options
    this.shape = shape
    this.#pool = origin?.pool ?? pool
    const heads = shape.layers * shape.kvHeads
    if (origin) {
      for (const layer of origin.#layers) layer.owners++
      this.#capacity = origin.#capacity
      this.#layers = [...origin.#layers]
      this.#lengths = origin.#lengths.slice()
      const copies = new Map([...new Set(origin.#positions)].map((positions) => [positions, positions.slice()]))
      this.#positions = origin.#positions.map((positions) => copies.get(positions)!)
      this.#channels = new SlotChannels(heads, this.#capacity, origin.#channels)
      this.#nextPosition = origin.#nextPosition
      this.#edits = origin.#edits
      return
    }
    this.#capacity = roundUp(Math.max(capacity, 1))
    this.#channels = new SlotChannels(heads, this.#capacity)
    this.#layers = Array.from({ length: shape.layers }, () => this.#pool.take(shape, this.#capacity))
    this.#lengths = new Int32Array(heads)
    this.#positions = new Array<Int32Array>(heads).fill(new Int32Array(this.#capacity))
  }

  /** Where layers come from and go back to. */
  get pool(): LayerPool {
    return this.#pool
  }

  /** Slots that each head has room for. */
  get capacity(): number {
    return this.#capacity
  }

  /** Position of the next token, however many slots are in use. */
  get nextPosition(): number {
    return this.#nextPosition
  }

  set nextPosition(position: number) {
    this.#nextPosition = checkInteger(position, 'nextPosition', { min: 0 })
  }

  /** Slots in use by the fullest head. */
  get length(): number {
    let longest = 0
    for (const length of this.#lengths) longest = Math.max(longest, length)
    return longest
  }

  /** Counts changes other than appending; marks and derived arrays are valid for one value. */
  get edits(): number {
    return this.#edits
  }

  /** Whether all heads of all layers hold the same positions, without biases. */
  get uniform(): boolean {
    const first = this.#positions[0]
    return this.#positions.every((positions) => positions === first) && !this.#channels.has(biasChannel)
  }

  /** Whether slot i holds position i, everywhere. */
  get contiguous(): boolean {
    return this.uniform && this.#lengths[0] === this.#nextPosition
  }

  lengthOf(layer: number, head: number): number {
    return this.#lengths[layer * this.shape.kvHeads + head]!
  }

  /** Positions of a head's slots; the first `lengthOf` are valid. */
  positionsOf(layer: number, head: number): Int32Array {
    return this.#positions[layer * this.shape.kvHeads + head]!
  }

  /** What is added to the scores of a head's slots, or undefined for nothing. */
  biasOf(layer: number, head: number): Float32Array | undefined {
    return this.#channels.peek(biasChannel, layer * this.shape.kvHeads + head)
  }

  /** Names of the numbers that slots carry. */
  get channels(): readonly string[] {
    return this.#channels.names
  }

  /**
   * Numbers that follow a head's slots under a name, `[C]`, the first `lengthOf` valid: made with zeros when they are first asked
   * for, zero for new slots. They may be written.
   */
  channel(name: string, layer: number, head: number): Float32Array {
    this.#check()
    return this.#channels.array(name, layer * this.shape.kvHeads + head)
  }

  /** The arrays of a layer, to read. */
  layer(layer: number): KvLayer {
    this.#check()
    return this.#layers[layer]!
  }

  /** Makes room for this many slots without another copy on the way. */
  reserve(slots: number): void {
    if (slots > this.#capacity) this.#resize(roundUp(slots))
  }

  /** Appends tokens `[first, first + count)` of new rows, one entry per layer, at the next positions. */
  append(rows: readonly NewRows[], count: number, first = 0): void {
    this.#check()
    checkArgument(rows.length === this.shape.layers, 'rows', rows.length, `rows of ${this.shape.layers} layers`)
    this.#grow(this.length + count)
    for (let layer = 0; layer < rows.length; layer++) {
      const target = this.#writable(layer)
      const { key, value } = rows[layer]!
      for (let head = 0; head < this.shape.kvHeads; head++)
        target.write(head, this.lengthOf(layer, head), key, value, { first, count })
    }
    this.#appendPositions(count)
  }

  /** Keeps the chosen slots of one head, ascending. */
  keep(layer: number, head: number, slots: ArrayLike<number>): void {
    this.#check()
    const index = layer * this.shape.kvHeads + head
    const length = this.#lengths[index]!
    checkSlots(slots, length)
    if (slots.length === length) return
    this.#writable(layer).keep(head, slots, length)
    const positions = this.#positions[index]!
    const kept = new Int32Array(this.#capacity)
    for (let slot = 0; slot < slots.length; slot++) kept[slot] = positions[slots[slot]!]!
    this.#positions[index] = kept
    this.#channels.keep(index, slots)
    this.#lengths[index] = slots.length
    this.#edits++
  }

  /** Keeps the chosen slots of all heads, ascending. */
  keepAll(slots: ArrayLike<number>): void {
    if (!this.uniform) {
      this.#eachHead((layer, head) => this.keep(layer, head, slots))
      return
    }
    this.#eachHead((layer, head) => this.keep(layer, head, slots))
    // alike before, alike after
    this.#positions.fill(this.#positions[0]!)
  }

  /** Adds to the scores of a head's slots from now on: `-Infinity` hides a slot. */
  setBias(layer: number, head: number, bias: ArrayLike<number>): void {
    const length = this.lengthOf(layer, head)
    checkArgument(bias.length === length, 'bias', bias, `${length} numbers`)
    const own = this.channel(biasChannel, layer, head)
    for (let slot = 0; slot < length; slot++) own[slot] = bias[slot]!
    this.#edits++
  }

  /** Takes all biases away. */
  clearBias(): void {
    if (this.#channels.delete(biasChannel)) this.#edits++
  }

  /** Gives slots of a head other positions; their keys must be rotated accordingly by the caller. */
  setPositions(layer: number, head: number, positions: ArrayLike<number>): void {
    const index = layer * this.shape.kvHeads + head
    checkArgument(
      positions.length === this.#lengths[index],
      'positions',
      positions,
      `${this.#lengths[index]} positions`,
    )
    const moved = new Int32Array(this.#capacity)
    moved.set(Array.from(positions))
    this.#positions[index] = moved
    this.#edits++
  }

  /** Declares that all heads hold the same positions again; only where they do. */
  sharePositions(): void {
    this.#positions.fill(this.#positions[0]!)
  }

  /** Sets which positions the slots of each head hold, `[L * G]`; equal lists are given as one. For restored caches. */
  restoreSlots(lists: readonly (readonly number[])[], nextPosition: number): void {
    this.reserve(Math.max(...lists.map((list) => list.length)))
    const made = new Map<readonly number[], Int32Array>()
    for (const [index, list] of lists.entries()) {
      const positions = made.get(list) ?? new Int32Array(this.#capacity)
      positions.set(list)
      made.set(list, positions)
      this.#positions[index] = positions
      this.#lengths[index] = list.length
    }
    this.#nextPosition = nextPosition
  }

  /** Arrays of a layer, to write; copies them first where a fork shares them. */
  edit(layer: number): KvLayer {
    this.#check()
    this.#edits++
    return this.#writable(layer)
  }

  mark(): CacheMark {
    return { lengths: this.#lengths.slice(), nextPosition: this.#nextPosition, edits: this.#edits }
  }

  /** Drops what was appended since the mark. @throws InvalidArgumentError where slots before it were edited since. */
  truncate(mark: CacheMark): void {
    this.#check()
    const allowed = 'a mark of this cache, with no slot removed or changed since'
    checkArgument(mark.edits === this.#edits && mark.lengths.length === this.#lengths.length, 'mark', mark, allowed)
    for (const [index, length] of mark.lengths.entries())
      checkArgument(length <= this.#lengths[index]!, 'mark', mark, allowed)
    this.#lengths.set(mark.lengths)
    this.#nextPosition = mark.nextPosition
  }

  /** Keeps the first slots of a cache whose heads are alike. */
  truncateTo(length: number): void {
    this.#check()
    checkArgument(this.uniform, 'length', length, 'given only where all heads hold the same positions; use a mark')
    checkInteger(length, 'length', { min: 0, max: this.#lengths[0]! })
    const positions = this.#positions[0]!
    this.#nextPosition = length === 0 ? 0 : positions[length - 1]! + 1
    this.#lengths.fill(length)
  }

  /** An independent cache that shares arrays until either writes. */
  fork(): KvCache {
    this.#check()
    return new KvCache(this.shape, {}, this)
  }

  /** Gives back memory that the slots in use do not need. */
  shrink(): void {
    const wanted = roundUp(Math.max(this.length, 1))
    if (wanted <= this.#capacity / 2) this.#resize(wanted)
  }

  /** Bytes of the arrays, those shared with forks included. */
  get bytes(): number {
    return this.#layers.reduce((sum, layer) => sum + layer.key.byteLength + layer.value.byteLength, 0)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const layer of this.#layers) this.#release(layer)
    this.#layers = []
  }

  #check(): void {
    if (this.#closed) throw new DisposedError({ what: 'the key-value cache' })
  }

  #writable(layer: number): KvLayer {
    const current = this.#layers[layer]!
    if (current.owners === 1) return current
    let longest = 0
    for (let head = 0; head < this.shape.kvHeads; head++) longest = Math.max(longest, this.lengthOf(layer, head))
    const own = current.copyTo(this.#pool.take(this.shape, this.#capacity), longest)
    this.#release(current)
    this.#layers[layer] = own
    return own
  }

  #release(layer: KvLayer): void {
    layer.owners--
    if (layer.owners === 0) this.#pool.give(layer)
  }

  #grow(slots: number): void {
    // growth in proportion keeps the copying cheap and the empty slots, which are read too, few
    if (slots > this.#capacity) this.#resize(roundUp(Math.max(slots, this.#capacity + this.#capacity / 16)))
  }

  #resize(capacity: number): void {
    const length = this.length
    if (capacity < length) throw new InternalError({ invariant: 'a cache never shrinks below what it holds' })
    for (const [layer, current] of this.#layers.entries()) {
      this.#layers[layer] = current.copyTo(this.#pool.take(this.shape, capacity), length)
      this.#release(current)
    }
    const copies = new Map<Int32Array, Int32Array>()
    this.#positions = this.#positions.map((positions) => {
      const copy = copies.get(positions) ?? resizedPositions(positions, capacity)
      copies.set(positions, copy)
      return copy
    })
    this.#channels.resize(capacity)
    this.#capacity = capacity
  }

  #appendPositions(count: number): void {
    const written = new Set<Int32Array>()
    for (let index = 0; index < this.#lengths.length; index++) {
      const positions = this.#positions[index]!
      const length = this.#lengths[index]!
      if (!written.has(positions))
        for (let token = 0; token < count; token++) positions[length + token] = this.#nextPosition + token
      written.add(positions)
      this.#channels.clear(index, length, length + count)
      this.#lengths[index] = length + count
    }
    this.#nextPosition += count
  }

  #eachHead(visit: (layer: number, head: number) => void): void {
    for (let layer = 0; layer < this.shape.layers; layer++)
      for (let head = 0; head < this.shape.kvHeads; head++) visit(layer, head)
  }
}

function roundUp(slots: number): number {
  return Math.ceil(slots / block) * block
}

function resizedPositions(positions: Int32Array, capacity: number): Int32Array {
  const result = new Int32Array(capacity)
  result.set(positions.subarray(0, capacity))
  return result
}

function checkSlots(slots: ArrayLike<number>, length: number): void {
  checkArgument(slots.length > 0, 'slots', slots, 'at least one slot')
  let previous = -1
  for (let index = 0; index < slots.length; index++) {
    const slot = slots[index]!
    const fits = Number.isInteger(slot) && slot > previous && slot < length
    checkArgument(fits, 'slots', slot, `ascending slots below ${length}`)
    previous = slot
  }
}
