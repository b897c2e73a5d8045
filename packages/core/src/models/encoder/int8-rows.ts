/** @file Products of 8-bit integers: each row of x is scaled by its own largest magnitude, weights by the largest of each output. */
import { abs, add, divide, maximum, multiply, subtract } from '../../graph/ops/elementwise.ts'
import { concat, slice, squeeze, unsqueeze } from '../../graph/ops/movement.ts'
import { dequantizeLinear, matMulIntegerToFloat, quantizeLinear } from '../../graph/ops/quantised.ts'
import { reduceMax } from '../../graph/ops/reduction.ts'
import type { Value } from '../../graph/value.ts'

/** Rows as codes around 128: one layer [..., K], or two stacked [2, ..., K], of which the second holds what the first rounds off. */
export interface Int8Rows {
  readonly codes: Value
  readonly layers: 1 | 2
  /** Largest magnitude of each row, last size 1. */
  readonly scale: Value
}

const step = 1 / 127
const finerBy = 254

/** Quantises rows; with `fine` errors of outliers are caught by a second layer, at the price of a second product. */
export function int8Rows(x: Value, precision: 'coarse' | 'fine'): Int8Rows {
  const { graph } = x
  const zero = graph.constant(Uint8Array.of(128), [], 'uint8')
  const coarse = graph.constant(step, [], 'float32')
  // the bound keeps rows of zeros finite
  const scale = maximum(reduceMax(abs(x)), 1e-12)
  const normalised = divide(x, scale)
  const codes = quantizeLinear(normalised, coarse, zero)
  if (precision === 'coarse') return { codes, layers: 1, scale }
  const rest = subtract(normalised, dequantizeLinear(codes, coarse, { zeroPoint: zero }))
  const fine = quantizeLinear(rest, graph.constant(step / finerBy, [], 'float32'), zero)
  return { codes: concat([unsqueeze(codes, [0]), unsqueeze(fine, [0])], { axis: 0 }), layers: 2, scale }
}

/** Rows times an int8 weight [in, out] with a scale for each output; one product for both layers, so that one node reads the weight. */
export function int8Product(rows: Int8Rows, data: Value, scales: Value): Value {
  const { graph } = data
  const aScale = graph.constant(step, [], 'float32')
  const aZeroPoint = graph.constant(Uint8Array.of(128), [], 'uint8')
  const product = matMulIntegerToFloat(rows.codes, data, { aScale, bScale: scales, aZeroPoint })
  if (rows.layers === 1) return multiply(product, rows.scale)
  const layer = (at: number): Value => squeeze(slice(product, { axis: 0, start: at, end: at + 1 }), [0])
  return multiply(add(layer(0), multiply(layer(1), 1 / finerBy)), rows.scale)
}
