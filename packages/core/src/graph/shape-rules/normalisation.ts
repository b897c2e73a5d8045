import type { OpName } from '../op.ts'
import type { NormalisationOps } from '../op-attributes/normalisation.ts'
import type { TensorType } from '../value.ts'
import { checkFloat, checkSame, checkShape, need, type ShapeRules, sameType } from './rule.ts'

type Inputs = readonly (TensorType | undefined)[]

function checkLastSize(op: OpName, inputs: Inputs, x: TensorType, index: number, what: string): void {
  const operand = inputs[index]
  if (operand === undefined) return
  checkShape(operand.shape.length === 1, op, inputs, `the ${what} must be a vector`)
  checkSame(op, inputs, operand.shape[0], x.shape.at(-1), `the size of the ${what} and the last size`)
}

const norm =
  (op: OpName) =>
  (inputs: Inputs, { axis }: { axis: number }): readonly TensorType[] => {
    const x = need(op, inputs, 0, 'the operand')
    need(op, inputs, 1, 'the scale')
    checkFloat(op, inputs, x)
    sameType(op, inputs)
    checkShape(axis === -1 || axis === x.shape.length - 1, op, inputs, 'the axis must be the last')
    checkLastSize(op, inputs, x, 1, 'scale')
    checkLastSize(op, inputs, x, 2, 'bias')
    return [{ dtype: x.dtype, shape: x.shape }]
  }

const skipNorm =
  (op: OpName) =>
  (inputs: Inputs): readonly TensorType[] => {
    const x = need(op, inputs, 0, 'the operand')
    const skip = need(op, inputs, 1, 'the skip')
    need(op, inputs, 2, 'the scale')
    checkFloat(op, inputs, x)
    sameType(op, inputs)
    const ranks = (x.shape.length === 2 || x.shape.length === 3) && x.shape.length === skip.shape.length
    checkShape(ranks, op, inputs, 'operand and skip must both have two or three dimensions')
    x.shape.forEach((size, axis) => {
      checkSame(op, inputs, size, skip.shape[axis], `the sizes of operand and skip on axis ${axis}`)
    })
    for (const [index, what] of ['scale', 'shift or bias', 'bias'].entries())
      checkLastSize(op, inputs, x, index + 2, what)
    return [
      { dtype: x.dtype, shape: x.shape },
      { dtype: x.dtype, shape: x.shape },
    ]
  }

/** Shapes of normalisations. */
export const normalisationShapes = {
  layerNormalization: norm('layerNormalization'),
  simplifiedLayerNormalization: norm('simplifiedLayerNormalization'),
  skipSimplifiedLayerNormalization: skipNorm('skipSimplifiedLayerNormalization'),
  skipLayerNormalization: skipNorm('skipLayerNormalization'),
} satisfies Pick<ShapeRules, keyof NormalisationOps>
