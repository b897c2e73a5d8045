import type { PatternFeedContext } from '@lc/core'

/** Cosines and sines `[P, R/2]` that turn rotated rows by a number of positions each, forward or back. */
export interface Turns {
  readonly cos: Float32Array
  readonly sin: Float32Array
  /** R/2; 0 for layers without positions. */
  readonly half: number
}

/** Turns of a layer's rotation. Rows that are rotated already have the factor of scaled rotations in them: turns leave it out. */
export function turnsBy(
  { config, ropes }: Pick<PatternFeedContext, 'config' | 'ropes'>,
  layer: number,
  deltas: ArrayLike<number>,
): Turns {
  const table = ropes.get(config.layers[layer]!.rope ?? '')
  if (!table) return { cos: new Float32Array(0), sin: new Float32Array(0), half: 0 }
  const { cos, sin } = table.at(deltas)
  for (let index = 0; index < cos.length; index++) {
    const factor = Math.hypot(cos[index]!, sin[index]!)
    cos[index]! /= factor
    sin[index]! /= factor
  }
  return { cos, sin, half: table.half }
}

/** Writes `source[from...]`, `[D]`, turned by row `row` of the turns, to `target[to...]`. */
export function turnRow(
  { cos, sin, half }: Turns,
  row: number,
  source: { readonly data: ArrayLike<number>; readonly from: number },
  target: { readonly data: Float32Array; readonly to: number; readonly headDim: number },
): void {
  const { data, from } = source
  for (let pair = 0; pair < half; pair++) {
    const [c, s] = [cos[row * half + pair]!, sin[row * half + pair]!]
    const [x, y] = [data[from + pair]!, data[from + pair + half]!]
    target.data[target.to + pair] = x * c - y * s
    target.data[target.to + pair + half] = y * c + x * s
  }
  for (let channel = 2 * half; channel < target.headDim; channel++)
    target.data[target.to + channel] = data[from + channel]!
}
