/** @file The key-value cache of one text: plain arrays outside the graph, edited in JavaScript, shared between forks. */
import { checkArgument, checkInteger, checkOneOf } from '@lc/model/check'
import { DisposedError, InternalError } from '@lc/model/errors'
import { type CacheFormat, cacheFormats } from './cache-format.ts'
import { checkSlots } from './check-slots.ts'
import { HeadLayout, ragsPay, roomFor } from './head-layout.ts'
import type { KvCacheOptions } from './kv-cache-options.ts'
import type { KvLayer, KvShape, NewRows } from './kv-layer.ts'
import { LayerPool } from './layer-pool.ts'
import { releaseLayer, shareLayer, writesBehind } from './shared-layers.ts'
import { SlotChannels } from './slot-channels.ts'
import { movedRuns, type SlotRun } from './slot-matrix.ts'
import { SlotPositions } from './slot-positions.ts'

/** Sizes of a cache. */
export interface KvCacheShape extends KvShape {
  readonly layers: number
}

/** A point to come back to; see `KvCache.truncate`. */
export interface CacheMark {
  readonly lengths: Int32Array
  readonly nextPosition: number
  /** Edits so far: a mark does not outlive the next one. */
  readonly edits: number
}

const biasChannel = 'bias'
/** A layer gives memory back where it would be smaller by this factor. */
const worthShrinking = 0.97

/** Keys and values of all layers, with a length per layer and head. */
export class KvCache {
  readonly shape: KvCacheShape
  readonly format: CacheFormat
  readonly #alike: boolean
  /** Where layers come from and go back to. */
  readonly pool: LayerPool
  readonly #forked: KvCacheOptions['forked']
  #layers: KvLayer[]
  /** Slots in use, `[L * G]`. */
  #lengths: Int32Array
  readonly #positions: SlotPositions
  readonly #channels: SlotChannels
  #nextPosition = 0
  #edits = 0
  #closed = false

  constructor(shape: KvCacheShape, options: KvCacheOptions = {}, origin?: KvCache) {
    const { capacity = 0, pool = new LayerPool(0) } = options
    this.shape = shape
    this.format = origin?.format ?? checkOneOf(options.format ?? 'float32', 'format', cacheFormats)
    this.#alike = origin ? origin.#alike : (options.alike ?? false)
    this.pool = origin?.pool ?? pool
    this.#forked = origin ? origin.#forked : options.forked
    const heads = shape.layers * shape.kvHeads
    const capacityOf = (index: number): number => this.#capacityOf(index)
    if (origin) {
      this.#layers = origin.#layers.map((layer, index) => shareLayer(layer, origin.lengthsOf(index)))
      this.#lengths = origin.#lengths.slice()
      this.#positions = new SlotPositions(heads, 0, origin.#positions)
      this.#channels = new SlotChannels(heads, capacityOf, origin.#channels)
      this.#nextPosition = origin.#nextPosition
      this.#edits = origin.#edits
      return
    }
    const layout = HeadLayout.rectangle(shape.kvHeads, capacity)
    this.#channels = new SlotChannels(heads, capacityOf)
    this.#layers = Array.from({ length: shape.layers }, () => this.pool.take(this.format, shape, layout))
    this.#lengths = new Int32Array(heads)
    this.#positions = new SlotPositions(heads, layout.capacity)
  }

  /** Slots that the roomiest head has room for. */
  get capacity(): number {
    return this.#layers.reduce((most, layer) => Math.max(most, layer.layout.capacity), 0)
  }

  /** Whether each head has room of its own: layers are not rectangular. */
  get ragged(): boolean {
    return this.#layers.some((layer) => !layer.layout.rectangular)
  }

  /** Whether all heads of all layers have the same room. */
  get evenLayers(): boolean {
    const first = this.#layers[0]?.layout
    if (!first?.rectangular) return false
    return this.#layers.every(({ layout }) => layout === first || layout.equals(first))
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
    return this.#positions.alike && !this.#channels.has(biasChannel)
  }

  /** Whether all heads of all layers hold the same number of slots, without biases: what is in use is the same everywhere. */
  get level(): boolean {
    const first = this.#lengths[0]
    return !this.#channels.has(biasChannel) && this.#lengths.every((length) => length === first)
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
    return this.#positions.of(layer * this.shape.kvHeads + head)
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

  /** Slots in use by the heads of a layer, `[G]`. */
  lengthsOf(layer: number): Int32Array {
    return this.#lengths.subarray(layer * this.shape.kvHeads, (layer + 1) * this.shape.kvHeads)
  }

  /**
   * Makes room for this many slots in the fullest head, and as many more in the others, without another copy on the way; where it must
   * copy, also for the tokens that follow.
   */
  reserve(slots: number): void {
    const extra = slots - this.length
    if (extra > 0) this.#makeRoom(extra, roomFor(this.#lengths.map((length) => length + extra)))
  }

  /** Appends tokens `[first, first + count)` of new rows, one entry per layer, at the next positions. */
  append(rows: readonly NewRows[], count: number, first = 0): void {
    this.#check()
    checkArgument(rows.length === this.shape.layers, 'rows', rows.length, `rows of ${this.shape.layers} layers`)
    this.#makeRoom(count, roomFor(this.#lengths))
    const range = { first, count }
    for (let layer = 0; layer < rows.length; layer++) {
      const current = this.#layers[layer]!
      const target = writesBehind(current, this.lengthsOf(layer), count) ? current : this.#writable(layer)
      for (let head = 0; head < this.shape.kvHeads; head++) {
        const length = this.lengthOf(layer, head)
        target.write(head, length, rows[layer]!, range)
        target.ends[head] = length + count
      }
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
    this.#positions.keep(index, slots, this.#capacityOf(index))
    this.#keepRows(layer, head, slots, movedRuns(slots))
    this.#edits++
  }

  /** Keeps the chosen slots of all heads, ascending. */
  keepAll(slots: ArrayLike<number>): void {
    this.#check()
    if (!this.uniform) {
      this.#eachHead((layer, head) => this.keep(layer, head, slots))
      return
    }
    checkSlots(slots, this.#lengths[0]!)
    if (slots.length === this.#lengths[0]) return
    const runs = movedRuns(slots)
    this.#eachHead((layer, head) => this.#keepRows(layer, head, slots, runs))
    // alike before, alike after
    this.#positions.keepAll(slots, this.capacity)
    this.#edits++
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
    const length = this.#lengths[index]!
    checkArgument(positions.length === length, 'positions', positions, `${length} positions`)
    this.#positions.set(index, positions, this.#capacityOf(index))
    this.#edits++
  }

  /** Declares that all heads hold the same positions again; only where they do. */
  sharePositions(): void {
    this.#positions.share()
  }

  /**
   * Makes room for slots that hold these positions, a list per head `[L * G]`; equal lists are given as one. For a restored cache, before
   * it is written.
   */
  restoreSlots(lists: readonly (readonly number[])[], nextPosition: number): void {
    this.#check()
    for (const [index, list] of lists.entries()) this.#lengths[index] = list.length
    this.#positions.restore(lists)
    const ragged = this.#wantsRagged()
    const room = roomFor(this.#lengths)
    for (const [layer, current] of this.#layers.entries()) {
      releaseLayer(current, this.pool)
      this.#layers[layer] = this.pool.take(this.format, this.shape, this.#layoutOf(layer, room, ragged))
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
    const same = mark.edits === this.#edits && mark.lengths.length === this.#lengths.length
    const fits = same && mark.lengths.every((length, index) => length <= this.#lengths[index]!)
    checkArgument(fits, 'mark', mark, 'a mark of this cache, with no slot removed or changed since')
    this.#lengths.set(mark.lengths)
    this.#nextPosition = mark.nextPosition
  }

  /** Keeps the first slots of a cache whose heads are alike. */
  truncateTo(length: number): void {
    this.#check()
    checkArgument(this.uniform, 'length', length, 'given only where all heads hold the same positions; use a mark')
    checkInteger(length, 'length', { min: 0, max: this.#lengths[0]! })
    const positions = this.#positions.of(0)
    this.#nextPosition = length === 0 ? 0 : positions[length - 1]! + 1
    this.#lengths.fill(length)
  }

  /** An independent cache that shares layers, each until an owner changes slots, or appends where another one has appended since. */
  fork(): KvCache {
    this.#check()
    const fork = new KvCache(this.shape, {}, this)
    this.#forked?.(this, fork)
    return fork
  }

  /** Gives back memory that the slots in use do not need, but for the room that the next tokens would take at once. */
  shrink(): void {
    this.#check()
    const ragged = this.#wantsRagged()
    const room = roomFor(this.#lengths)
    for (const [layer, current] of this.#layers.entries()) {
      const wanted = this.#layoutOf(layer, room, ragged)
      if (wanted.rectangular === current.layout.rectangular && wanted.total > current.layout.total * worthShrinking)
        continue
      this.#resize(layer, wanted)
    }
    // memory was asked back, not kept for others
    this.pool.clear()
  }

  /** Bytes of the arrays, those shared with forks included. */
  get bytes(): number {
    return this.#layers.reduce((sum, layer) => sum + layer.bytes, 0)
  }

  close(): void {
    this.#closed = true
    for (const layer of this.#layers) releaseLayer(layer, this.pool)
    this.#layers = []
  }

  #check(): void {
    if (this.#closed) throw new DisposedError({ what: 'the key-value cache' })
  }

  #writable(layer: number): KvLayer {
    const current = this.#layers[layer]!
    if (current.owners === 1) return current
    const own = this.pool.take(this.format, this.shape, current.layout)
    current.copyTo(own, this.lengthsOf(layer))
    releaseLayer(current, this.pool)
    this.#layers[layer] = own
    return own
  }

  #keepRows(layer: number, head: number, slots: ArrayLike<number>, runs: readonly SlotRun[]): void {
    const index = layer * this.shape.kvHeads + head
    this.#writable(layer).keep(head, runs)
    this.#channels.keep(index, slots)
    this.#lengths[index] = slots.length
  }

  /** Room for `count` more slots in every head; `spare` more where a layer must be copied for it. */
  #makeRoom(count: number, spare: number): void {
    const full = this.#layers.map(({ layout }, layer) => !layout.fits(this.lengthsOf(layer), count))
    if (!full.includes(true)) return
    for (const [layer, { layout }] of this.#layers.entries())
      if (full[layer] || this.#alike) this.#resize(layer, this.#layoutOf(layer, count + spare, !layout.rectangular))
  }

  #layoutOf(layer: number, extra: number, ragged: boolean): HeadLayout {
    const lengths = this.lengthsOf(layer)
    if (ragged) return HeadLayout.ragged(lengths, extra)
    const longest = this.#alike ? this.length : Math.max(...lengths)
    return HeadLayout.rectangle(this.shape.kvHeads, longest + extra)
  }

  #wantsRagged(): boolean {
    if (this.#alike || this.uniform) return false
    return ragsPay(this.#lengths, this.shape.kvHeads, this.ragged)
  }

  #resize(layer: number, layout: HeadLayout): void {
    const current = this.#layers[layer]!
    const lengths = this.lengthsOf(layer)
    if (!layout.fits(lengths, 0)) throw new InternalError({ invariant: 'a cache never shrinks below what it holds' })
    if (current.layout.equals(layout)) return
    const next = this.pool.take(this.format, this.shape, layout)
    current.copyTo(next, lengths)
    // not to the pool: arrays of another size would lie there for nothing
    current.owners--
    this.#layers[layer] = next
    for (let head = 0; head < this.shape.kvHeads; head++) this.#channels.resize(layer * this.shape.kvHeads + head)
  }

  #capacityOf(index: number): number {
    const { kvHeads } = this.shape
    return this.#layers[Math.floor(index / kvHeads)]!.layout.capacities[index % kvHeads]!
  }

  #appendPositions(count: number): void {
    this.#positions.append(this.#lengths, count, this.#nextPosition, (index) => this.#capacityOf(index))
    for (let index = 0; index < this.#lengths.length; index++) {
      const length = this.#lengths[index]!
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
