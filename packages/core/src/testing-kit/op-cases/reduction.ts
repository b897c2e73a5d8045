import type { OpName } from '../../graph/op.ts'
import {
  argMax,
  argMin,
  cumulativeSum,
  logSoftmax,
  type ReductionOptions,
  reduceL2,
  reduceLogSumExp,
  reduceMax,
  reduceMean,
  reduceMin,
  reduceProduct,
  reduceSum,
  reduceSumSquare,
  softmax,
  topK,
} from '../../graph/ops/reduction.ts'
import type { Value } from '../../graph/value.ts'
import { given, numbers, type OpCase, opCase } from '../op-case.ts'

const reductions: readonly (readonly [OpName, (x: Value, options?: ReductionOptions) => Value])[] = [
  ['reduceSum', reduceSum],
  ['reduceMean', reduceMean],
  ['reduceMax', reduceMax],
  ['reduceMin', reduceMin],
  ['reduceProduct', reduceProduct],
  ['reduceSumSquare', reduceSumSquare],
  ['reduceL2', reduceL2],
  ['reduceLogSumExp', reduceLogSumExp],
]

/** Cases of reductions and orderings. */
export function reductionCases(): readonly OpCase[] {
  const x = numbers(['B=2', 'T=3', 6])
  return [
    ...reductions.map(([op, apply]) => opCase(op, { x }, (values) => apply(values.x))),
    ...reductions.map(([op, apply]) =>
      opCase(op, { x }, (values) => apply(values.x, { axes: [1], keepDims: false }), { note: 'of the middle' }),
    ),
    ...reductions.map(([op, apply]) =>
      opCase(op, { x }, (values) => apply(values.x, { axes: [0, -1] }), { note: 'of two axes' }),
    ),
    opCase('reduceSum', { x: numbers([3, 4], { dtype: 'int32', from: -9, to: 9 }) }, (values) => reduceSum(values.x)),
    opCase('argMax', { x }, (values) => argMax(values.x)),
    opCase(
      'argMax',
      { x: given(Float32Array.of(1, 3, 3, 2), [4], 'float32') },
      (values) => argMax(values.x, { keepDims: false }),
      { note: 'of ties' },
    ),
    opCase('argMin', { x }, (values) => argMin(values.x, { axis: 1, keepDims: false })),
    opCase('softmax', { x }, (values) => softmax(values.x)),
    opCase('softmax', { x }, (values) => softmax(values.x, { axis: 1 }), { note: 'of the middle' }),
    opCase('logSoftmax', { x }, (values) => logSoftmax(values.x)),
    opCase('cumulativeSum', { x }, (values) => cumulativeSum(values.x, { axis: 1 })),
    opCase('cumulativeSum', { x }, (values) => cumulativeSum(values.x, { exclusive: true, reverse: true }), {
      note: 'exclusive, from the end',
    }),
    opCase('topK', { x }, (values) => Object.values(topK(values.x, 4))),
    opCase('topK', { x }, (values) => Object.values(topK(values.x, 2, { axis: 1, largest: false })), {
      note: 'smallest of the middle',
    }),
    opCase(
      'topK',
      { x: numbers([3, 9]), k: given(BigInt64Array.of(5n), [1], 'int64') },
      (values) => Object.values(topK(values.x, values.k)),
      { note: 'with k fed' },
    ),
  ]
}
