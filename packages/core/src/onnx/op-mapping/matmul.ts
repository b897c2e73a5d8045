import type { MatmulOps } from '../../graph/op-attributes/matmul.ts'
import { contribDomain } from '../encode-scope.ts'
import { direct, float, integer, type OnnxRules, withAttributes } from './rule.ts'

/** Matrix products as ONNX operators. */
export const matmulOnnx = {
  matMul: direct('MatMul'),
  fusedMatMul: withAttributes(
    'FusedMatMul',
    ({ alpha, transposeA, transposeB }) => ({
      alpha: float(alpha),
      transA: integer(transposeA),
      transB: integer(transposeB),
    }),
    contribDomain,
  ),
  gemm: withAttributes('Gemm', ({ alpha, beta, transposeA, transposeB }) => ({
    alpha: float(alpha),
    beta: float(beta),
    transA: integer(transposeA),
    transB: integer(transposeB),
  })),
  einsum: withAttributes('Einsum', ({ equation }) => ({ equation: { string: equation } })),
} satisfies Pick<OnnxRules, keyof MatmulOps>
