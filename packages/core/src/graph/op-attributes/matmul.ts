import type { NoAttributes } from './elementwise.ts'

/** Matrix products. */
export interface MatmulOps {
  /** [..., M, K] x [..., K, N] with broadcast batch dimensions. */
  matMul: NoAttributes
  /** matMul with either operand transposed in its last two dimensions, times `alpha`. */
  fusedMatMul: { readonly alpha: number; readonly transposeA: boolean; readonly transposeB: boolean }
  /** alpha * A * B + beta * C of matrices. */
  gemm: {
    readonly alpha: number
    readonly beta: number
    readonly transposeA: boolean
    readonly transposeB: boolean
  }
  /** Sum of products by index letters, such as `bkgd,bktd->bkgt`; every letter is lower case, no ellipsis. */
  einsum: { readonly equation: string }
}
