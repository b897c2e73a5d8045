import { checkArgument } from '@lc/model/check'
import { abs, add, cast, divide, maximum, multiply } from '../ops/elementwise.ts'
import { fusedMatMul } from '../ops/matmul.ts'
import { pad, reshape } from '../ops/movement.ts'
import { matMulInteger, matMulNBits, quantizeLinear } from '../ops/quantised.ts'
import { reduceMax, reduceSum } from '../ops/reduction.ts'
import type { Value } from '../value.ts'

/** A weight quantised in blocks of its rows. */
export interface BlockQuantisedWeight {
  readonly bits: 2 | 4 | 8
  readonly blockSize: number
  /** uint8 [N, blocks, blockSize * bits / 8] */
  readonly packed: Value
  /** [N, blocks] */
  readonly scales: Value
  /** `[N, blocks]`: what each block adds per unit of the sum of its inputs, for blocks with an offset. */
  readonly correction?: Value
}

/** Sums of x over blocks of its last dimension: [..., K] gives [..., ceil(K / blockSize)]. Shared by weights with the same input. */
export function blockSums(x: Value, blockSize: number): Value {
  const columns = x.shape.at(-1)
  checkArgument(typeof columns === 'number', 'x', x.shape, 'a tensor whose last size is known')
  const missing = (blockSize - (columns % blockSize)) % blockSize
  const zeros = x.shape.map(() => 0)
  const whole = missing === 0 ? x : pad(x, { before: zeros, after: [...zeros.slice(0, -1), missing] })
  const blocks = (columns + missing) / blockSize
  return reduceSum(reshape(whole, [...x.shape.slice(0, -1), blocks, blockSize]), { keepDims: false })
}

/** Options of `quantisedLinear`. */
export interface QuantisedLinearOptions {
  /** 4 allows int8 activations inside the kernel; 0 (default) keeps their own type. */
  readonly accuracyLevel?: 0 | 1 | 4
  /** `blockSums(x, weight.blockSize)`, where several weights share x. */
  readonly sums?: Value
}

/**
 * x [..., K] times a block-quantised weight. Blocks with an offset, w = d q + m, are rewritten for any integer c as
 * d (q - c) + (m + c d): a symmetric product plus the block sums of x times the correction m + c d, exact and fast.
 */
export function quantisedLinear(x: Value, weight: BlockQuantisedWeight, options: QuantisedLinearOptions = {}): Value {
  const { bits, blockSize, packed, scales, correction } = weight
  const product = matMulNBits(x, packed, scales, { bits, blockSize, accuracyLevel: options.accuracyLevel ?? 0 })
  if (!correction) return product
  const sums = options.sums ?? blockSums(x, blockSize)
  return add(product, fusedMatMul(sums, correction, { transposeB: true }))
}

/** Rows as 8-bit integers: x is about (values - 128) * scale. */
export interface QuantisedRows {
  /** uint8, zero at 128. */
  readonly values: Value
  /** Per row, last size 1. */
  readonly scale: Value
}

/** Quantises each row of x (its last dimension) symmetrically to 8 bits. */
export function quantiseRows(x: Value): QuantisedRows {
  // the lower bound keeps rows of zeros finite
  const scale = maximum(multiply(reduceMax(abs(x)), 1 / 127), 1e-12)
  const zero = x.graph.constant(Uint8Array.of(128), [], 'uint8')
  return { values: quantizeLinear(divide(x, scale), x.graph.constant(Float32Array.of(1), []), zero), scale }
}

/** x times an int8 weight [K, N] with a scale per column [N], in integers; x is quantised per row, or given so. */
export function int8Linear(x: Value | QuantisedRows, weight: Value, scales: Value): Value {
  const rows = 'values' in x ? x : quantiseRows(x)
  const aZeroPoint = rows.values.graph.constant(Uint8Array.of(128), [], 'uint8')
  const product = cast(matMulInteger(rows.values, weight, { aZeroPoint }), scales.dtype)
  return multiply(multiply(product, rows.scale), scales)
}
