import type { OpName } from '../../graph/op.ts'
import type { ReductionAttributes, ReductionOps } from '../../graph/op-attributes/reduction.ts'
import type { GraphNode } from '../../graph/value.ts'
import type { EncodeScope } from '../encode-scope.ts'
import { integer, type OnnxRules, withAttributes } from './rule.ts'

const reduction =
  (type: string) =>
  (node: GraphNode & { readonly attributes: ReductionAttributes }, scope: EncodeScope): void => {
    const { axes, keepDims } = node.attributes
    const extraInputs = [scope.int64(axes)]
    scope.emitFor<OpName>(node, type, { extraInputs, attributes: { keepdims: integer(keepDims) } })
  }

/** Reductions and orderings as ONNX operators. */
export const reductionOnnx = {
  reduceSum: reduction('ReduceSum'),
  reduceMean: reduction('ReduceMean'),
  reduceMax: reduction('ReduceMax'),
  reduceMin: reduction('ReduceMin'),
  reduceProduct: reduction('ReduceProd'),
  reduceSumSquare: reduction('ReduceSumSquare'),
  reduceL2: reduction('ReduceL2'),
  reduceLogSumExp: reduction('ReduceLogSumExp'),
  argMax: withAttributes('ArgMax', ({ axis, keepDims }) => ({ axis: integer(axis), keepdims: integer(keepDims) })),
  argMin: withAttributes('ArgMin', ({ axis, keepDims }) => ({ axis: integer(axis), keepdims: integer(keepDims) })),
  softmax: withAttributes('Softmax', ({ axis }) => ({ axis: integer(axis) })),
  logSoftmax: withAttributes('LogSoftmax', ({ axis }) => ({ axis: integer(axis) })),
  cumulativeSum: (node, scope) => {
    const { axis, exclusive, reverse } = node.attributes
    scope.emitFor(node, 'CumSum', {
      extraInputs: [scope.int64(axis)],
      attributes: { exclusive: integer(exclusive), reverse: integer(reverse) },
    })
  },
  topK: withAttributes('TopK', ({ axis, largest, sorted }) => ({
    axis: integer(axis),
    largest: integer(largest),
    sorted: integer(sorted),
  })),
} satisfies Pick<OnnxRules, keyof ReductionOps>
