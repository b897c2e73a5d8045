import type { Value } from '../value.ts'
import { record } from './record.ts'

/** Matrix product of the last two dimensions, batch dimensions broadcast. A vector counts as a row on the left, a column on the right. */
export function matMul(left: Value, right: Value): Value {
  return record('matMul', [left, right], {})
}

/** Options of `fusedMatMul`. */
export interface FusedMatMulOptions {
  /** Factor on the product. Defaults to 1. */
  readonly alpha?: number
  /** Transpose the last two dimensions of the left operand. Defaults to false. */
  readonly transposeA?: boolean
  /** Transpose the last two dimensions of the right operand. Defaults to false. */
  readonly transposeB?: boolean
}

/** Matrix product with transposed operands and a factor, without a transposed copy on the CPU. */
export function fusedMatMul(left: Value, right: Value, options: FusedMatMulOptions = {}): Value {
  const { alpha = 1, transposeA = false, transposeB = false } = options
  return record('fusedMatMul', [left, right], { alpha, transposeA, transposeB })
}

/** Options of `gemm`. */
export interface GemmOptions extends FusedMatMulOptions {
  /** Added to the product, broadcast to [M, N]. */
  readonly bias?: Value
  /** Factor on the bias. Defaults to 1. */
  readonly beta?: number
}

/** alpha * A * B + beta * bias of two matrices. */
export function gemm(left: Value, right: Value, options: GemmOptions = {}): Value {
  const { alpha = 1, beta = 1, transposeA = false, transposeB = false, bias } = options
  return record('gemm', [left, right, bias], { alpha, beta, transposeA, transposeB })
}

/** Sum of products by index letters, for example `einsum('bkgd,bktd->bkgt', query, key)`. */
export function einsum(equation: string, ...operands: readonly Value[]): Value {
  return record('einsum', operands, { equation: equation.replace(/\s+/g, '') })
}
