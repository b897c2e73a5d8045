import type { RopeConfig } from './rope-config.ts'
import { ropeFrequencies } from './rope-frequencies.ts'

/** Cosines and sines of some tokens, `[T, R/2]` each. */
export interface RopeRows {
  readonly cos: Float32Array
  readonly sin: Float32Array
}

/** Cosines and sines of all positions so far of texts of one planned length; grows as it is asked. */
export class RopeTable {
  readonly half: number
  /** Radians per position, by pair of channels, `[R/2]`. */
  readonly inverse: Float64Array
  /** What scaled rotations multiply queries and keys with; in the cosines and sines. */
  readonly factor: number
  #cos = new Float32Array(0)
  #sin = new Float32Array(0)
  #rows = 0

  constructor(rope: RopeConfig, length: number) {
    const { inverse, attentionFactor } = ropeFrequencies(rope, length)
    this.inverse = inverse
    this.factor = attentionFactor
    this.half = inverse.length
  }

  /** Rows of consecutive positions; a view that stays valid. */
  range(start: number, count: number): RopeRows {
    this.#grow(start + count)
    const [from, to] = [start * this.half, (start + count) * this.half]
    return { cos: this.#cos.subarray(from, to), sin: this.#sin.subarray(from, to) }
  }

  /** Rows of any positions, also negative or fractional ones. */
  at(positions: ArrayLike<number>): RopeRows {
    const rows = {
      cos: new Float32Array(positions.length * this.half),
      sin: new Float32Array(positions.length * this.half),
    }
    for (let row = 0; row < positions.length; row++) this.#write(rows, row, positions[row]!)
    return rows
  }

  #grow(rows: number): void {
    if (rows <= this.#rows) return
    const capacity = Math.max(rows, 2 * this.#rows, 256)
    const [cos, sin] = [new Float32Array(capacity * this.half), new Float32Array(capacity * this.half)]
    cos.set(this.#cos)
    sin.set(this.#sin)
    for (let row = this.#rows; row < capacity; row++) this.#write({ cos, sin }, row, row)
    this.#cos = cos
    this.#sin = sin
    this.#rows = capacity
  }

  #write(rows: RopeRows, row: number, position: number): void {
    const offset = row * this.half
    for (let index = 0; index < this.half; index++) {
      const angle = position * this.inverse[index]!
      rows.cos[offset + index] = Math.cos(angle) * this.factor
      rows.sin[offset + index] = Math.sin(angle) * this.factor
    }
  }
}
