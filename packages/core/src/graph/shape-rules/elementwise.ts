import { isFloat } from '../dtype.ts'
import type { OpName } from '../op.ts'
import type { ElementwiseOps } from '../op-attributes/elementwise.ts'
import type { TensorType } from '../value.ts'
import { broadcastShapes, checkFloat, checkShape, need, type ShapeRules, sameType } from './rule.ts'

type Inputs = readonly (TensorType | undefined)[]

const same =
  (op: OpName) =>
  (inputs: Inputs): readonly TensorType[] => {
    const x = need(op, inputs, 0, 'the operand')
    return [{ dtype: x.dtype, shape: x.shape }]
  }

const sameFloat =
  (op: OpName) =>
  (inputs: Inputs): readonly TensorType[] => {
    const x = need(op, inputs, 0, 'the operand')
    checkFloat(op, inputs, x)
    return [{ dtype: x.dtype, shape: x.shape }]
  }

const pair = (op: OpName, inputs: Inputs): readonly [TensorType, TensorType] => [
  need(op, inputs, 0, 'the left operand'),
  need(op, inputs, 1, 'the right operand'),
]

const arithmetic =
  (op: OpName) =>
  (inputs: Inputs): readonly TensorType[] => {
    const operands = pair(op, inputs)
    const dtype = sameType(op, operands)
    checkShape(dtype !== 'bool', op, inputs, 'the operands must be numbers')
    return [{ dtype, shape: broadcastShapes(op, operands) }]
  }

const comparison =
  (op: OpName) =>
  (inputs: Inputs): readonly TensorType[] => {
    const operands = pair(op, inputs)
    sameType(op, operands)
    return [{ dtype: 'bool', shape: broadcastShapes(op, operands) }]
  }

const logical =
  (op: OpName) =>
  (inputs: Inputs): readonly TensorType[] => {
    const operands = pair(op, inputs)
    checkShape(sameType(op, operands) === 'bool', op, inputs, 'the operands must be bool')
    return [{ dtype: 'bool', shape: broadcastShapes(op, operands) }]
  }

/** Shapes of elementwise ops. */
export const elementwiseShapes = {
  abs: same('abs'),
  negate: same('negate'),
  exp: sameFloat('exp'),
  log: sameFloat('log'),
  sqrt: sameFloat('sqrt'),
  reciprocal: sameFloat('reciprocal'),
  tanh: sameFloat('tanh'),
  sigmoid: sameFloat('sigmoid'),
  erf: sameFloat('erf'),
  relu: same('relu'),
  softplus: sameFloat('softplus'),
  floor: sameFloat('floor'),
  ceil: sameFloat('ceil'),
  round: sameFloat('round'),
  sign: same('sign'),
  sin: sameFloat('sin'),
  cos: sameFloat('cos'),
  gelu: sameFloat('gelu'),
  quickGelu: sameFloat('quickGelu'),
  identity: same('identity'),
  clip: (inputs, { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }) => {
    const x = need('clip', inputs, 0, 'the operand')
    checkShape(min <= max, 'clip', inputs, `min ${min} must not exceed max ${max}`)
    const whole = [min, max].every((limit) => Number.isInteger(limit) || !Number.isFinite(limit))
    checkShape(isFloat(x.dtype) || whole, 'clip', inputs, 'limits of integers must be whole')
    return [{ dtype: x.dtype, shape: x.shape }]
  },
  cast: (inputs, { to }) => [{ dtype: to, shape: need('cast', inputs, 0, 'the operand').shape }],
  add: arithmetic('add'),
  subtract: arithmetic('subtract'),
  multiply: arithmetic('multiply'),
  divide: arithmetic('divide'),
  power: arithmetic('power'),
  modulo: arithmetic('modulo'),
  shiftRight: (inputs, { bits }) => {
    const x = need('shiftRight', inputs, 0, 'the operand')
    checkShape(x.dtype === 'uint8', 'shiftRight', inputs, 'the operand must be uint8')
    checkShape(Number.isInteger(bits) && bits >= 0 && bits < 8, 'shiftRight', inputs, 'bits must be 0 to 7')
    return [{ dtype: x.dtype, shape: x.shape }]
  },
  minimum: arithmetic('minimum'),
  maximum: arithmetic('maximum'),
  equal: comparison('equal'),
  less: comparison('less'),
  lessOrEqual: comparison('lessOrEqual'),
  greater: comparison('greater'),
  greaterOrEqual: comparison('greaterOrEqual'),
  and: logical('and'),
  or: logical('or'),
  not: (inputs) => {
    const x = need('not', inputs, 0, 'the operand')
    checkShape(x.dtype === 'bool', 'not', inputs, 'the operand must be bool')
    return [{ dtype: 'bool', shape: x.shape }]
  },
  where: (inputs) => {
    const condition = need('where', inputs, 0, 'the condition')
    const left = need('where', inputs, 1, 'the left operand')
    const right = need('where', inputs, 2, 'the right operand')
    checkShape(condition.dtype === 'bool', 'where', inputs, 'the condition must be bool')
    return [{ dtype: sameType('where', [left, right]), shape: broadcastShapes('where', [condition, left, right]) }]
  },
} satisfies Pick<ShapeRules, keyof ElementwiseOps>
