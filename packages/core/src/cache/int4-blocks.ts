import { groupChannels, groupTokens } from '../graph/composite/four-bit-cache.ts'
import { halfFloatTable } from '../weights/half-float.ts'
import { codeOf, fitGrid, newGrid } from './kivi-quantiser.ts'

const half = groupTokens / 2

/** How many blocks the heads of a layer have, and how they lie. */
export interface BlockLayout {
  /** Blocks that each head has room for; the same for all where `rectangular`. */
  readonly counts: Int32Array
  readonly rectangular: boolean
}

/**
 * Blocks of 32 places: keys and values as 4-bit codes with their grids. N is the number of blocks of a head, of all heads where the
 * layout is ragged (G is 1 then); P = 32 N places; values of D channels come in B groups, two of which share bytes.
 *
 * `key` uint8 `[G, N, D, 16]`: byte j of a channel holds places j (low half) and j + 16. `keyGrid` float16 `[G, N, 2, D]`: scales, zeros.
 * `value` uint8 `[G, B/2, N, 32, D/B]`: byte j of a pair of groups holds channel j of the first and of the second. `valueGrid` float16
 * `[G, 2B, N, 32]`: scales of the groups, then their zeros; all zero at places not in use, which then count for nothing.
 */
export class Int4Blocks {
  readonly layout: BlockLayout
  readonly headDim: number
  /** Channels of a group of values, and pairs of groups. */
  readonly channels: number
  readonly pairs: number
  /** First block of each head. */
  readonly starts: Int32Array
  /** Blocks of all heads. */
  readonly total: number
  readonly key: Uint8Array
  readonly keyGrid: Uint16Array
  readonly value: Uint8Array
  readonly valueGrid: Uint16Array
  readonly #grid = newGrid()
  readonly #second = newGrid()

  constructor(layout: BlockLayout, headDim: number) {
    this.layout = layout
    this.headDim = headDim
    this.channels = groupChannels(headDim)
    this.pairs = headDim / (2 * this.channels)
    this.starts = new Int32Array(layout.counts.length)
    let total = 0
    for (const [head, count] of layout.counts.entries()) {
      this.starts[head] = total
      total += count
    }
    this.total = total
    this.key = new Uint8Array(total * headDim * half)
    this.keyGrid = new Uint16Array(total * 2 * headDim)
    this.value = new Uint8Array((total * groupTokens * headDim) / 2)
    this.valueGrid = new Uint16Array(total * groupTokens * 4 * this.pairs)
  }

  get bytes(): number {
    return this.key.byteLength + this.keyGrid.byteLength + this.value.byteLength + this.valueGrid.byteLength
  }

  /** Rounds the keys of a block, `[count, D]` from `from` on, together. Places from `count` on mean nothing. */
  writeKeys(head: number, block: number, rows: Float32Array, from: number, count: number): void {
    const { headDim, key, keyGrid } = this
    const at = this.starts[head]! + block
    for (let channel = 0; channel < headDim; channel++) {
      let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
      for (let row = 0, index = from + channel; row < count; row++, index += headDim) {
        const x = rows[index]!
        if (x < low) low = x
        if (x > high) high = x
      }
      const grid = this.#grid
      fitGrid(low, high, grid)
      keyGrid[at * 2 * headDim + channel] = grid.scaleBits
      keyGrid[(at * 2 + 1) * headDim + channel] = grid.zeroBits
      const to = (at * headDim + channel) * half
      for (let place = 0; place < half; place++) {
        const first = place < count ? codeOf(rows[from + place * headDim + channel]!, grid) : 0
        const second = place + half < count ? codeOf(rows[from + (place + half) * headDim + channel]!, grid) : 0
        key[to + place] = first | (second << 4)
      }
    }
  }

  readKey(head: number, place: number, into: Float32Array, at: number): void {
    const { headDim, key, keyGrid } = this
    const numbers = halfFloatTable()
    const block = this.starts[head]! + Math.floor(place / groupTokens)
    const own = place % groupTokens
    const [column, shift] = own < half ? [own, 0] : [own - half, 4]
    for (let channel = 0; channel < headDim; channel++) {
      const code = (key[(block * headDim + channel) * half + column]! >> shift) & 15
      const scale = numbers[keyGrid[block * 2 * headDim + channel]!]!
      into[at + channel] = code * scale + numbers[keyGrid[(block * 2 + 1) * headDim + channel]!]!
    }
  }

  /** Rounds a token's values, `[D]` from `from` on. */
  writeValue(head: number, place: number, source: ArrayLike<number>, from: number): void {
    const { channels, pairs, value, valueGrid } = this
    for (let pair = 0; pair < pairs; pair++) {
      const low = from + 2 * pair * channels
      const high = low + channels
      this.#fit(source, low, this.#grid)
      this.#fit(source, high, this.#second)
      valueGrid[this.#gridAt(head, 2 * pair, place)] = this.#grid.scaleBits
      valueGrid[this.#gridAt(head, 2 * pair + 1, place)] = this.#second.scaleBits
      valueGrid[this.#gridAt(head, 2 * (pairs + pair), place)] = this.#grid.zeroBits
      valueGrid[this.#gridAt(head, 2 * (pairs + pair) + 1, place)] = this.#second.zeroBits
      const to = this.#valueAt(head, pair, place)
      for (let channel = 0; channel < channels; channel++)
        value[to + channel] =
          codeOf(source[low + channel]!, this.#grid) | (codeOf(source[high + channel]!, this.#second) << 4)
    }
  }

  readValue(head: number, place: number, into: Float32Array, at: number): void {
    const { channels, pairs, value, valueGrid } = this
    const numbers = halfFloatTable()
    for (let group = 0; group < 2 * pairs; group++) {
      const from = this.#valueAt(head, group >> 1, place)
      const shift = 4 * (group & 1)
      const scale = numbers[valueGrid[this.#gridAt(head, group, place)]!]!
      const zero = numbers[valueGrid[this.#gridAt(head, 2 * pairs + group, place)]!]!
      for (let channel = 0; channel < channels; channel++)
        into[at + group * channels + channel] = ((value[from + channel]! >> shift) & 15) * scale + zero
    }
  }

  /** Makes a place count for nothing. */
  clearValue(head: number, place: number): void {
    for (let row = 0; row < 4 * this.pairs; row++) this.valueGrid[this.#gridAt(head, row, place)] = 0
  }

  /** The values of a place to another, as they are. */
  moveValue(head: number, from: number, to: number): void {
    const { channels, pairs, value, valueGrid } = this
    for (let pair = 0; pair < pairs; pair++) {
      const start = this.#valueAt(head, pair, from)
      value.copyWithin(this.#valueAt(head, pair, to), start, start + channels)
    }
    for (let row = 0; row < 4 * pairs; row++)
      valueGrid[this.#gridAt(head, row, to)] = valueGrid[this.#gridAt(head, row, from)]!
  }

  /** A block to another place of its head, as it is. */
  moveBlock(head: number, from: number, to: number): void {
    const targets = this.#parts(head, to, 1)
    for (const [index, { array, start, length }] of this.#parts(head, from, 1).entries())
      array.copyWithin(targets[index]!.start, start, start + length)
  }

  /** The first blocks of a head as they are, to the same blocks of another. */
  copyTo(next: Int4Blocks, head: number, count: number): void {
    const targets = next.#parts(head, 0, count)
    for (const [index, { array, start, length }] of this.#parts(head, 0, count).entries())
      targets[index]!.array.set(array.subarray(start, start + length), targets[index]!.start)
  }

  /** The first blocks of a head as bytes, one piece of each array after the other. */
  bytesOf(head: number, count: number): Uint8Array[] {
    return this.#parts(head, 0, count).map(
      ({ array, start, length }) =>
        new Uint8Array(
          array.buffer,
          array.byteOffset + start * array.BYTES_PER_ELEMENT,
          length * array.BYTES_PER_ELEMENT,
        ),
    )
  }

  #parts(
    head: number,
    block: number,
    count: number,
  ): { array: Uint8Array | Uint16Array; start: number; length: number }[] {
    const { headDim, pairs, channels } = this
    const at = this.starts[head]! + block
    const part = (array: Uint8Array | Uint16Array, start: number, size: number) => ({
      array,
      start,
      length: count * size,
    })
    const keys = half * headDim
    return [
      part(this.key, at * keys, keys),
      part(this.keyGrid, at * 2 * headDim, 2 * headDim),
      ...Array.from({ length: pairs }, (_, pair) =>
        part(this.value, this.#valueAt(head, pair, block * groupTokens), groupTokens * channels),
      ),
      ...Array.from({ length: 4 * pairs }, (_, row) =>
        part(this.valueGrid, this.#gridAt(head, row, block * groupTokens), groupTokens),
      ),
    ]
  }

  #fit(source: ArrayLike<number>, from: number, grid: ReturnType<typeof newGrid>): void {
    let [low, high] = [source[from]!, source[from]!]
    for (let channel = 1; channel < this.channels; channel++) {
      const x = source[from + channel]!
      if (x < low) low = x
      if (x > high) high = x
    }
    fitGrid(low, high, grid)
  }

  #valueAt(head: number, pair: number, place: number): number {
    return this.#placeOf(head, pair, this.pairs, place) * this.channels
  }

  #gridAt(head: number, row: number, place: number): number {
    return this.#placeOf(head, row, 4 * this.pairs, place)
  }

  /** A place among those of all rows `[G, rows, P]`. */
  #placeOf(head: number, row: number, rows: number, place: number): number {
    const { rectangular, counts } = this.layout
    const block = rectangular ? (head * rows + row) * counts[0]! : row * this.total + this.starts[head]!
    return block * groupTokens + place
  }
}
