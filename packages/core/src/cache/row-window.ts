import { type ArrayToSave, cacheProblem, type SavedArray, savedArray } from './sealed-arrays.ts'

const none = new Float32Array(0)

/**
 * The latest rows of something per layer, with their positions. Arrays have room for as many rows as are kept; once rows come one by one,
 * a token each, for twice as many, so that each is written where it belongs and the kept ones move together only now and then.
 */
export class RowWindow {
  readonly #most: number
  /** By layer, `[room, width]`; rows in use end at `#end`. */
  readonly #rows: Float32Array[]
  #room: number
  #end = 0
  /** Whether the last push was of one row. */
  #single = false
  #positions: number[] = []

  constructor(layers: number, most: number, origin?: RowWindow) {
    this.#most = most
    // a fork that observes otherwise begins anew
    const same = origin !== undefined && origin.#most === most ? origin : undefined
    this.#rows = same ? same.#rows.map((rows) => rows.slice()) : Array.from({ length: layers }, () => none)
    this.#room = same ? same.#room : most
    this.#end = same ? same.#end : 0
    this.#positions = same ? [...same.#positions] : []
  }

  /** Rows that are kept. */
  get most(): number {
    return this.#most
  }

  get count(): number {
    return this.#positions.length
  }

  /** Positions of the rows, ascending. */
  get positions(): Int32Array {
    return Int32Array.from(this.#positions)
  }

  /** The last rows of a layer, `[R, width]`; valid until rows are added. */
  last(layer: number, count: number): Float32Array {
    const rows = this.#rows[layer]!
    const width = this.#widthOf(rows)
    return rows.subarray((this.#end - Math.min(count, this.count)) * width, this.#end * width)
  }

  /** Adds rows of all layers; rows before a gap of positions are forgotten. */
  push(rows: readonly Float32Array[], start: number, count: number): void {
    if (this.#most === 0) return
    const last = this.#positions.at(-1)
    if (last !== undefined && start > last + 1) this.truncate(0)
    const fromNew = Math.min(count, this.#most)
    const fromOld = Math.min(this.count, this.#most - fromNew)
    const moves = this.#end + fromNew > this.#room
    // the last token of a prompt comes alone too: room is made with the second
    if (moves && count === 1 && this.#single) this.#room = 2 * this.#most
    this.#single = count === 1
    for (const [layer, added] of rows.entries()) {
      const width = added.length / count
      const known = this.#rows[layer]!
      const own = this.#roomOf(layer, width)
      if (moves) own.set(known.subarray((this.#end - fromOld) * width, this.#end * width))
      own.set(added.subarray((count - fromNew) * width), (moves ? fromOld : this.#end) * width)
    }
    this.#end = (moves ? fromOld : this.#end) + fromNew
    this.#positions.splice(0, this.count - fromOld)
    for (let token = count - fromNew; token < count; token++) this.#positions.push(start + token)
  }

  /** Its rows by layer, to save under a name. */
  arrays(name: string): ArrayToSave[] {
    return this.#rows.map((_, layer) => savedArray(`${name}.${layer}`, this.last(layer, this.count)))
  }

  /** Takes over rows that were saved. @throws FileFormatError for others than this window would have */
  restore(name: string, positions: readonly number[], width: number, arrays: ReadonlyMap<string, SavedArray>): void {
    const rows = this.#rows.map((_, layer) => arrays.get(`${name}.${layer}`))
    const fits = rows.every((each) => each instanceof Float32Array && each.length === positions.length * width)
    if (!fits || positions.length > this.#most) throw cacheProblem(`its ${name} rows have another size`)
    for (const [layer, each] of rows.entries()) this.#roomOf(layer, width).set(each as Float32Array)
    this.#end = positions.length
    this.#positions = [...positions]
  }

  /** Forgets rows from a position on. */
  truncate(position: number): void {
    const kept = this.#positions.filter((each) => each < position).length
    this.#end -= this.count - kept
    this.#positions.length = kept
  }

  #widthOf(rows: Float32Array): number {
    return rows.length / Math.max(1, this.#room)
  }

  /** The array of a layer, a new one where it has less room. */
  #roomOf(layer: number, width: number): Float32Array {
    const known = this.#rows[layer]!
    if (known.length === this.#room * width) return known
    const made = new Float32Array(this.#room * width)
    this.#rows[layer] = made
    return made
  }
}
