/**
 * A key moved by `delta` positions: pairs (i, i + R/2) rotated by delta times the inverse frequencies. The attention factor of scaled
 * rotations is in the key already. Negative deltas move back; minus its position gives a key before its rotation.
 */
export function rotateKey(key: ArrayLike<number>, delta: number, inverse: ArrayLike<number>): Float32Array {
  const result = Float32Array.from(key)
  const half = inverse.length
  for (let index = 0; index < half; index++) {
    const angle = delta * inverse[index]!
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
    result[index] = key[index]! * cos - key[index + half]! * sin
    result[index + half] = key[index + half]! * cos + key[index]! * sin
  }
  return result
}

/** Cosines and sines of a move by some positions, `[R/2]` each. */
export interface KeyTurn {
  readonly cos: Float64Array
  readonly sin: Float64Array
}

/** The turns of moves, computed once for each number of positions: most slots of a cache move equally far. */
export class KeyTurns {
  readonly #inverse: ArrayLike<number>
  readonly #known = new Map<number, KeyTurn>()

  constructor(inverse: ArrayLike<number>) {
    this.#inverse = inverse
  }

  of(delta: number): KeyTurn {
    const known = this.#known.get(delta)
    if (known) return known
    const turn = {
      cos: Float64Array.from(this.#inverse, (frequency) => Math.cos(delta * frequency)),
      sin: Float64Array.from(this.#inverse, (frequency) => Math.sin(delta * frequency)),
    }
    this.#known.set(delta, turn)
    return turn
  }
}

/** Turns the pairs (i, i + R/2) of a row that begins at `at`, in place. */
export function turnRow(row: Float32Array, at: number, { cos, sin }: KeyTurn): void {
  const half = cos.length
  for (let index = 0; index < half; index++) {
    const [low, high] = [at + index, at + index + half]
    const [x, y] = [row[low]!, row[high]!]
    row[low] = x * cos[index]! - y * sin[index]!
    row[high] = y * cos[index]! + x * sin[index]!
  }
}
