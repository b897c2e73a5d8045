/**
 * @file Attention over keys and values that are kept as 8-bit codes with a scale per token: integer products read a quarter of
 * the bytes of float32, and at one row reading is what takes the time. Codes are uint8 around 128, which every integer kernel
 * takes without saturating.
 */
import { add, cast, divide, floor, maximum, multiply, subtract } from '../ops/elementwise.ts'
import { concat, slice } from '../ops/movement.ts'
import { matMulInteger, quantizeLinear } from '../ops/quantised.ts'
import { reduceMax } from '../ops/reduction.ts'
import type { Value } from '../value.ts'
import { quantiseRows } from './quantised-linear.ts'

/** Zero of the codes. */
const middle = 128
/** Largest byte. */
const most = 255

/** Codes uint8 with 128 for zero, and what one step of a code is worth for each token, `[G, 1, C]`. */
export interface QuantisedCachePart {
  readonly codes: Value
  readonly scales: Value
}

/**
 * Scores of queries `[G, R, D]` against quantised keys, codes `[G, D, C]`: `[G, R, C]`, not yet scaled by 1 / sqrt(D). Queries are
 * rounded to 8 bits per row.
 */
export function quantisedScores(query: Value, keys: QuantisedCachePart): Value {
  const rows = quantiseRows(query)
  const zero = query.graph.constant(Uint8Array.of(middle), [], 'uint8')
  const product = matMulInteger(rows.values, keys.codes, { aZeroPoint: zero, bZeroPoint: zero })
  return multiply(multiply(cast(product, 'float32'), rows.scale), keys.scales)
}

/**
 * Quantised values, codes `[G, C, D]`, mixed by weights `[G, R, C]`: `[G, R, D]`. Weights are split into two 8-bit halves, so that
 * small ones are not lost beside large ones; `rows` is R.
 */
export function quantisedMix(weights: Value, values: QuantisedCachePart, rows: number): Value {
  const { graph } = weights
  const scaled = multiply(weights, values.scales)
  // the bound keeps rows of zeros finite
  const largest = maximum(reduceMax(scaled), 1e-30)
  const steps = multiply(scaled, divide(most, largest))
  const high = floor(steps)
  const bytes = (x: Value, step: number): Value =>
    quantizeLinear(x, graph.constant(Float32Array.of(step), []), graph.constant(Uint8Array.of(0), [], 'uint8'))
  const halves = concat([bytes(high, 1), bytes(subtract(steps, high), 1 / most)], { axis: 1 })
  const bZeroPoint = graph.constant(Uint8Array.of(middle), [], 'uint8')
  const mixed = cast(matMulInteger(halves, values.codes, { bZeroPoint }), 'float32')
  const low = slice(mixed, { axis: 1, start: rows, end: 2 * rows })
  const sum = add(slice(mixed, { axis: 1, start: 0, end: rows }), multiply(low, 1 / most))
  return multiply(sum, multiply(largest, 1 / most))
}
