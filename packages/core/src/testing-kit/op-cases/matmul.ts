import { einsum, fusedMatMul, gemm, matMul } from '../../graph/ops/matmul.ts'
import { numbers, type OpCase, opCase } from '../op-case.ts'

const equations: readonly (readonly [string, readonly (readonly number[])[]])[] = [
  [
    'bkgd,bktd->bkgt',
    [
      [2, 3, 2, 8],
      [2, 3, 5, 8],
    ],
  ],
  [
    'bkgt,bktd->bkgd',
    [
      [2, 3, 2, 5],
      [2, 3, 5, 8],
    ],
  ],
  [
    'ij,jk->ik',
    [
      [3, 4],
      [4, 5],
    ],
  ],
  ['bij->bji', [[2, 3, 4]]],
  ['ij->i', [[3, 4]]],
]

/** Cases of matrix products. */
export function matmulCases(): readonly OpCase[] {
  return [
    opCase('matMul', { a: numbers(['T=5', 16]), b: numbers([16, 7]) }, ({ a, b }) => matMul(a, b)),
    opCase(
      'matMul',
      { a: numbers(['B=2', 'T=5', 16]), b: numbers([16, 7], { weight: true }) },
      ({ a, b }) => matMul(a, b),
      { note: 'with a weight' },
    ),
    opCase('matMul', { a: numbers([2, 1, 3, 4]), b: numbers([3, 4, 2]) }, ({ a, b }) => matMul(a, b), {
      note: 'with broadcast batches',
    }),
    opCase('matMul', { a: numbers([4]), b: numbers([4, 3]) }, ({ a, b }) => matMul(a, b), { note: 'of a row' }),
    opCase(
      'matMul',
      { a: numbers([3, 4], { dtype: 'float16' }), b: numbers([4, 5], { dtype: 'float16' }) },
      ({ a, b }) => matMul(a, b),
      { unsupported: { webgpu: 'needs shader-f16' } },
    ),
    ...[true, false].flatMap((transposeA) =>
      [true, false].map((transposeB) =>
        opCase(
          'fusedMatMul',
          {
            a: numbers([2, ...(transposeA ? [8, 'T=3'] : ['T=3', 8])]),
            b: numbers([2, ...(transposeB ? [5, 8] : [8, 5])]),
          },
          ({ a, b }) => fusedMatMul(a, b, { alpha: 0.125, transposeA, transposeB }),
          { note: `${transposeA ? 'A' : ''}${transposeB ? 'B' : ''} transposed` },
        ),
      ),
    ),
    opCase(
      'fusedMatMul',
      { a: numbers([2, 3, 8]), b: numbers([5, 8], { weight: true }) },
      ({ a, b }) => fusedMatMul(a, b, { transposeB: true }),
      { note: 'with a weight' },
    ),
    opCase('gemm', { a: numbers(['T=3', 8]), b: numbers([5, 8]), bias: numbers([5]) }, ({ a, b, bias }) =>
      gemm(a, b, { bias, transposeB: true, alpha: 0.5, beta: 2 }),
    ),
    opCase('gemm', { a: numbers([8, 3]), b: numbers([8, 5]) }, ({ a, b }) => gemm(a, b, { transposeA: true }), {
      note: 'without bias',
    }),
    ...equations.map(([equation, shapes]) => {
      const operands = Object.fromEntries(shapes.map((shape, at) => [`x${at}`, numbers(shape)]))
      return opCase('einsum', operands, (values) => einsum(equation, ...Object.values(values)), { note: equation })
    }),
  ]
}
