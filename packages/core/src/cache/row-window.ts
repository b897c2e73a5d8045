import { type ArrayToSave, cacheProblem, type SavedArray, savedArray } from './sealed-arrays.ts'

/** The latest rows of something per layer, with their positions: a ring would save copies, but windows are short. */
export class RowWindow {
  readonly #most: number
  readonly #rows: Float32Array[]
  #positions: number[] = []

  constructor(layers: number, most: number, origin?: RowWindow) {
    this.#most = most
    this.#rows = origin ? [...origin.#rows] : Array.from({ length: layers }, () => new Float32Array(0))
    this.#positions = origin ? [...origin.#positions] : []
  }

  get count(): number {
    return this.#positions.length
  }

  /** Positions of the rows, ascending. */
  get positions(): Int32Array {
    return Int32Array.from(this.#positions)
  }

  /** The last rows of a layer, `[R, width]`. */
  last(layer: number, count: number): Float32Array {
    const rows = this.#rows[layer]!
    const width = rows.length / Math.max(this.count, 1)
    return rows.subarray(Math.max(0, rows.length - count * width))
  }

  /** Adds rows of all layers. */
  push(rows: readonly Float32Array[], start: number, count: number): void {
    const kept = Math.min(this.#most, this.count + count)
    for (const [layer, added] of rows.entries()) {
      const width = added.length / count
      const fromNew = Math.min(count, kept)
      const fromOld = kept - fromNew
      const next = new Float32Array(kept * width)
      if (fromOld > 0) next.set(this.#rows[layer]!.subarray(this.#rows[layer]!.length - fromOld * width))
      next.set(added.subarray((count - fromNew) * width), fromOld * width)
      this.#rows[layer] = next
    }
    const positions = Array.from({ length: count }, (_, token) => start + token)
    const all = [...this.#positions, ...positions]
    this.#positions = all.slice(all.length - kept)
  }

  /** Its rows by layer, to save under a name. */
  arrays(name: string): ArrayToSave[] {
    return this.#rows.map((rows, layer) => savedArray(`${name}.${layer}`, rows))
  }

  /** Takes over rows that were saved. @throws FileFormatError for others than this window would have */
  restore(name: string, positions: readonly number[], width: number, arrays: ReadonlyMap<string, SavedArray>): void {
    const rows = this.#rows.map((_, layer) => arrays.get(`${name}.${layer}`))
    const fits = rows.every((each) => each instanceof Float32Array && each.length === positions.length * width)
    if (!fits || positions.length > this.#most) throw cacheProblem(`its ${name} rows have another size`)
    for (const [layer, each] of rows.entries()) this.#rows[layer] = (each as Float32Array).slice()
    this.#positions = [...positions]
  }

  /** Forgets rows from a position on. */
  truncate(position: number): void {
    const kept = this.#positions.filter((each) => each < position).length
    for (const [layer, rows] of this.#rows.entries()) {
      const width = rows.length / Math.max(this.count, 1)
      this.#rows[layer] = rows.slice(0, kept * width)
    }
    this.#positions = this.#positions.slice(0, kept)
  }
}
