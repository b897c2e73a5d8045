import type { QuantisedOps } from '../op-attributes/quantised.ts'
import type { Value } from '../value.ts'
import { record } from './record.ts'

/** A weight packed for `matMulNBits`, and how. */
export interface MatMulNBitsOptions {
  readonly bits: 2 | 4 | 8
  /** Elements that share a scale: a power of two >= 16. */
  readonly blockSize: number
  /** K, the input size. Defaults to the last size of the left operand. */
  readonly columns?: number
  /** uint8, packed like the weight, rows padded to whole bytes; or the type of a, [N, blocks]. Defaults to 2^(bits-1). */
  readonly zeroPoints?: Value
  /** [N] */
  readonly bias?: Value
  /** The least precision allowed for the left operand: 0 its own (default), 4 int8 per row and block. */
  readonly accuracyLevel?: QuantisedOps['matMulNBits']['accuracyLevel']
}

/** a [..., K] times the transposed block-quantised weight: `packed` uint8 [N, blocks, blockSize*bits/8], `scales` [N, blocks]. */
export function matMulNBits(a: Value, packed: Value, scales: Value, options: MatMulNBitsOptions): Value {
  const { bits, blockSize, zeroPoints, bias, accuracyLevel = 0 } = options
  const columns = options.columns ?? Number(a.shape.at(-1))
  const rows = Number(packed.shape[0])
  const inputs = [a, packed, scales, zeroPoints, undefined, bias]
  return record('matMulNBits', inputs, { bits, blockSize, columns, rows, accuracyLevel })
}

/**
 * Product of 8-bit integers after subtracting zero points, int32. Zero points are scalars; that of b may be per column. On x64
 * without VNNI a fed int8 right operand may saturate inside: feed uint8 with a zero point of 128 (weights are converted so).
 */
export function matMulInteger(
  a: Value,
  b: Value,
  options: { readonly aZeroPoint?: Value; readonly bZeroPoint?: Value } = {},
): Value {
  return record('matMulInteger', [a, b, options.aZeroPoint, options.bZeroPoint], {})
}

/** Scales and zero points of `matMulIntegerToFloat`. */
export interface IntegerProductScales {
  /** Of a: a scalar. */
  readonly aScale: Value
  /** Of b: a scalar, one per column [N], or one per column of each matrix [..., 1, N]. */
  readonly bScale: Value
  readonly aZeroPoint?: Value
  readonly bZeroPoint?: Value
}

/** Product of 8-bit integers, scaled to float32 in the same kernel: (a - aZero) (b - bZero) aScale bScale. */
export function matMulIntegerToFloat(a: Value, b: Value, scales: IntegerProductScales): Value {
  const { aScale, bScale, aZeroPoint, bZeroPoint } = scales
  return record('matMulIntegerToFloat', [a, b, aScale, bScale, aZeroPoint, bZeroPoint], {})
}

/** Dequantised rows of a packed table: uint8 [V, D*bits/8], scales [V, D/blockSize]; zero points packed like the table. */
export function gatherBlockQuantized(
  table: Value,
  ids: Value,
  scales: Value,
  options: { readonly bits: 2 | 4 | 8; readonly blockSize: number; readonly zeroPoints?: Value },
): Value {
  const { bits, blockSize, zeroPoints } = options
  return record('gatherBlockQuantized', [table, ids, scales, zeroPoints], { bits, blockSize })
}

/** Where the scales apply: one for all (scalar), one per slice of `axis`, or one per block along `axis`. */
export interface ScaleOptions {
  /** Defaults to 1. */
  readonly axis?: number
  /** 0 (default): not in blocks. */
  readonly blockSize?: number
}

/** x / scale + zero point, rounded to even and saturated to the type of the zero point (int8 or uint8). */
export function quantizeLinear(x: Value, scale: Value, zeroPoint: Value, options: ScaleOptions = {}): Value {
  return record('quantizeLinear', [x, scale, zeroPoint], { axis: options.axis ?? 1, blockSize: options.blockSize ?? 0 })
}

/** (x - zero point) * scale */
export function dequantizeLinear(
  x: Value,
  scale: Value,
  options: ScaleOptions & { readonly zeroPoint?: Value } = {},
): Value {
  const { axis = 1, blockSize = 0, zeroPoint } = options
  return record('dequantizeLinear', [x, scale, zeroPoint], { axis, blockSize })
}
