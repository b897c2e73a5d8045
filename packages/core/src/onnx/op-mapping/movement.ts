import type { MovementOps } from '../../graph/op-attributes/movement.ts'
import { integer, type OnnxRules, withAttributes } from './rule.ts'

/** The end of an axis, whatever its size. */
const endOfAxis = 2n ** 63n - 1n

/** Movements as ONNX operators. */
export const movementOnnx = {
  reshape: (node, scope) => {
    const x = node.inputs[0]!
    scope.emitFor(node, 'Reshape', { extraInputs: [scope.shapeTensor('reshape', x, node.outputs[0]!.shape)] })
  },
  transpose: withAttributes('Transpose', ({ permutation }) => ({ perm: { integers: permutation } })),
  squeeze: (node, scope) => scope.emitFor(node, 'Squeeze', { extraInputs: [scope.int64(node.attributes.axes)] }),
  unsqueeze: (node, scope) => scope.emitFor(node, 'Unsqueeze', { extraInputs: [scope.int64(node.attributes.axes)] }),
  expand: (node, scope) => {
    const x = node.inputs[0]!
    scope.emitFor(node, 'Expand', { extraInputs: [scope.shapeTensor('expand', x, node.outputs[0]!.shape)] })
  },
  tile: (node, scope) => scope.emitFor(node, 'Tile', { extraInputs: [scope.int64(node.attributes.repeats)] }),
  concat: withAttributes('Concat', ({ axis }) => ({ axis: integer(axis) })),
  split: (node, scope) => {
    const { axis, sizes } = node.attributes
    scope.emitFor(node, 'Split', { extraInputs: [scope.int64(sizes)], attributes: { axis: integer(axis) } })
  },
  slice: (node, scope) => {
    const { ranges } = node.attributes
    const starts = scope.int64(ranges.map((range) => range.start ?? 0))
    const ends = scope.int64(ranges.map((range) => range.end ?? endOfAxis))
    const axes = scope.int64(ranges.map((range) => range.axis))
    const steps = scope.int64(ranges.map((range) => range.step ?? 1))
    scope.emitFor(node, 'Slice', { extraInputs: [starts, ends, axes, steps] })
  },
  dynamicSlice: (node, scope) => scope.emitFor(node, 'Slice', { extraInputs: [scope.int64(node.attributes.axes)] }),
  pad: (node, scope) => {
    const { before, after, value } = node.attributes
    const amounts = scope.int64([...before, ...after])
    const extraInputs = [amounts, scope.scalar(node.outputs[0]!.dtype, value)]
    scope.emitFor(node, 'Pad', { extraInputs, attributes: { mode: { string: 'constant' } } })
  },
  triangle: (node, scope) => {
    const { upper, diagonal } = node.attributes
    scope.emitFor(node, 'Trilu', { extraInputs: [scope.int64(diagonal)], attributes: { upper: integer(upper) } })
  },
  shapeOf: withAttributes('Shape', ({ start, end }) => ({ start: integer(start), end: integer(end) })),
} satisfies Pick<OnnxRules, keyof MovementOps>
