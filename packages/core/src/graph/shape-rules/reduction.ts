import type { OpName } from '../op.ts'
import type { ReductionAttributes, ReductionOps } from '../op-attributes/reduction.ts'
import type { TensorType } from '../value.ts'
import { checkFloat, checkShape, need, resolveAxes, resolveAxis, type ShapeRules, withSize } from './rule.ts'

type Inputs = readonly (TensorType | undefined)[]

const reduction =
  (op: OpName) =>
  (inputs: Inputs, { axes, keepDims }: ReductionAttributes): readonly TensorType[] => {
    const x = need(op, inputs, 0, 'the operand')
    checkShape(axes.length > 0, op, inputs, 'at least one axis must be given')
    const reduced = new Set(resolveAxes(op, inputs, axes, x.shape.length))
    const shape = keepDims
      ? x.shape.map((size, axis) => (reduced.has(axis) ? 1 : size))
      : x.shape.filter((_, axis) => !reduced.has(axis))
    return [{ dtype: x.dtype, shape }]
  }

const place =
  (op: OpName) =>
  (inputs: Inputs, attributes: { axis: number; keepDims: boolean }): readonly TensorType[] => {
    const x = need(op, inputs, 0, 'the operand')
    const axis = resolveAxis(op, inputs, attributes.axis, x.shape.length)
    return [{ dtype: 'int64', shape: withSize(x.shape, axis, ...(attributes.keepDims ? [1] : [])) }]
  }

const alongAxis =
  (op: OpName) =>
  (inputs: Inputs, { axis }: { axis: number }): readonly TensorType[] => {
    const x = need(op, inputs, 0, 'the operand')
    checkFloat(op, inputs, x)
    resolveAxis(op, inputs, axis, x.shape.length)
    return [{ dtype: x.dtype, shape: x.shape }]
  }

/** Shapes of reductions and orderings. */
export const reductionShapes = {
  reduceSum: reduction('reduceSum'),
  reduceMean: reduction('reduceMean'),
  reduceMax: reduction('reduceMax'),
  reduceMin: reduction('reduceMin'),
  reduceProduct: reduction('reduceProduct'),
  reduceSumSquare: reduction('reduceSumSquare'),
  reduceL2: reduction('reduceL2'),
  reduceLogSumExp: reduction('reduceLogSumExp'),
  argMax: place('argMax'),
  argMin: place('argMin'),
  softmax: alongAxis('softmax'),
  logSoftmax: alongAxis('logSoftmax'),
  cumulativeSum: (inputs, { axis }) => {
    const x = need('cumulativeSum', inputs, 0, 'the operand')
    resolveAxis('cumulativeSum', inputs, axis, x.shape.length)
    return [{ dtype: x.dtype, shape: x.shape }]
  },
  topK: (inputs, attributes) => {
    const x = need('topK', inputs, 0, 'the operand')
    const k = need('topK', inputs, 1, 'k')
    checkShape(k.dtype === 'int64' && k.shape.length === 1 && k.shape[0] === 1, 'topK', inputs, 'k must be int64 [1]')
    const axis = resolveAxis('topK', inputs, attributes.axis, x.shape.length)
    const size = x.shape[axis]
    const fits = typeof attributes.count !== 'number' || typeof size !== 'number' || attributes.count <= size
    checkShape(fits, 'topK', inputs, `k ${attributes.count} must not exceed the size of the axis`)
    const shape = withSize(x.shape, axis, attributes.count)
    return [
      { dtype: x.dtype, shape },
      { dtype: 'int64', shape },
    ]
  },
} satisfies Pick<ShapeRules, keyof ReductionOps>
