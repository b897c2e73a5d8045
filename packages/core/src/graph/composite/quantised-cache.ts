/**
 * @file Attention over keys and values that are kept as 8-bit codes with a scale per token: integer products read a quarter of
 * the bytes of float32, and at one row reading is what takes the time. Codes are uint8 around 128, which every integer kernel
 * takes without saturating.
 */
import { abs, add, divide, maximum, multiply, subtract } from '../ops/elementwise.ts'
import { concat, split } from '../ops/movement.ts'
import { dequantizeLinear, matMulIntegerToFloat, quantizeLinear } from '../ops/quantised.ts'
import { reduceMax } from '../ops/reduction.ts'
import type { Value } from '../value.ts'

/** Zero of the codes. */
const middle = 128
/** Steps from zero to the largest number. */
const steps = 127
/** Steps of the second half in one of the first, which rounds off at most half a step. */
const fineSteps = 254

/** Codes uint8 with 128 for zero, and what one step of a code is worth for each token, `[G, 1, C]`. */
export interface QuantisedCachePart {
  readonly codes: Value
  readonly scales: Value
}

/**
 * Scores of queries `[G, R, D]` against quantised keys, codes `[G, D, C]`: `[G, R, C]`, times `alpha`. Queries are rounded to 8 bits per
 * row.
 */
export function quantisedScores(query: Value, keys: QuantisedCachePart, alpha = 1): Value {
  const { scalar, zero } = constants(query)
  // the bound keeps rows of zeros finite
  const largest = maximum(reduceMax(abs(query)), 1e-12)
  const codes = quantizeLinear(divide(query, largest), scalar(1 / steps), zero)
  const scales = { aScale: scalar(alpha / steps), bScale: keys.scales, aZeroPoint: zero, bZeroPoint: zero }
  return multiply(matMulIntegerToFloat(codes, keys.codes, scales), largest)
}

/**
 * Quantised values, codes `[G, C, D]`, mixed by weights `[G, R, C]`: `[G, R, D]`. Weights are split into two 8-bit halves, so that
 * small ones are not lost beside large ones; `rows` is R.
 */
export function quantisedMix(weights: Value, values: QuantisedCachePart, rows: number): Value {
  const { scalar, zero } = constants(weights)
  const scaled = multiply(weights, values.scales)
  const largest = maximum(reduceMax(scaled), 1e-30)
  const share = divide(scaled, largest)
  const high = quantizeLinear(share, scalar(1 / steps), zero)
  const rest = subtract(share, dequantizeLinear(high, scalar(1 / steps), { zeroPoint: zero }))
  const halves = concat([high, quantizeLinear(rest, scalar(1 / steps / fineSteps), zero)], { axis: 1 })
  const scales = { aScale: scalar(1 / steps), bScale: scalar(1), aZeroPoint: zero, bZeroPoint: zero }
  const [coarse, fine] = split(matMulIntegerToFloat(halves, values.codes, scales), [rows, rows], { axis: 1 })
  return multiply(add(coarse!, multiply(fine!, 1 / fineSteps)), largest)
}

function constants({ graph }: Value): { scalar: (x: number) => Value; zero: Value } {
  return {
    scalar: (x) => graph.constant(Float32Array.of(x), []),
    zero: graph.constant(Uint8Array.of(middle), [], 'uint8'),
  }
}
