/** @file Products of 8-bit integers: each row of x is scaled by its own largest magnitude, weights by the largest of each output. */
import { abs, add, divide, maximum, multiply, subtract } from '../../graph/ops/elementwise.ts'
import { dequantizeLinear, matMulIntegerToFloat, quantizeLinear } from '../../graph/ops/quantised.ts'
import { reduceMax } from '../../graph/ops/reduction.ts'
import type { Value } from '../../graph/value.ts'

/** Rows as one or two layers of codes; the second holds what the first rounds off. */
export interface Int8Rows {
  readonly layers: readonly { readonly codes: Value; readonly step: Value }[]
  /** Largest magnitude of each row, last size 1. */
  readonly scale: Value
}

/** Quantises rows; with `fine` errors of outliers are caught by a second layer, at the price of a second product. */
export function int8Rows(x: Value, precision: 'coarse' | 'fine'): Int8Rows {
  const { graph } = x
  const zero = graph.constant(Uint8Array.of(128), [], 'uint8')
  const step = graph.constant(1 / 127, [], 'float32')
  // the bound keeps rows of zeros finite
  const scale = maximum(reduceMax(abs(x)), 1e-12)
  const normalised = divide(x, scale)
  const codes = quantizeLinear(normalised, step, zero)
  const layers = [{ codes, step }]
  if (precision === 'fine') {
    const rest = subtract(normalised, dequantizeLinear(codes, step, { zeroPoint: zero }))
    const fineStep = graph.constant(1 / 127 / 254, [], 'float32')
    layers.push({ codes: quantizeLinear(rest, fineStep, zero), step: fineStep })
  }
  return { layers, scale }
}

/** Rows times an int8 weight [in, out] with a scale for each output. */
export function int8Product(rows: Int8Rows, data: Value, scales: Value): Value {
  const aZeroPoint = data.graph.constant(Uint8Array.of(128), [], 'uint8')
  const sum = rows.layers
    .map(({ codes, step }) => matMulIntegerToFloat(codes, data, { aScale: step, bScale: scales, aZeroPoint }))
    .reduce((left, right) => add(left, right))
  return multiply(sum, rows.scale)
}
