/** @file The one way by which the functions of ops add a node: operands lifted, types inferred, node recorded. */
import { checkArgument } from '@lc/model/check'
import { type DType, isFloat } from '../dtype.ts'
import type { OpAttributes, OpName } from '../op.ts'
import { inferTypes } from '../shape-rules.ts'
import type { Value } from '../value.ts'

/** An operand: a value, or a number that becomes a scalar constant of the other operand's type. */
export type Operand = Value | number

/** Adds a node with any number of outputs. */
export function recordAll<K extends OpName>(
  op: K,
  inputs: readonly (Value | undefined)[],
  attributes: OpAttributes[K],
): readonly Value[] {
  const first = inputs.find((input) => input !== undefined)
  checkArgument(first !== undefined, `operands of ${op}`, inputs, 'at least one value')
  return first.graph.addNode(op, inputs, attributes, inferTypes(op, inputs, attributes))
}

/** Adds a node with one output. */
export function record<K extends OpName>(
  op: K,
  inputs: readonly (Value | undefined)[],
  attributes: OpAttributes[K],
): Value {
  return recordAll(op, inputs, attributes)[0]!
}

/** Turns the numbers among operands into scalars of the type of the first value. */
export function liftOperands(op: OpName, ...operands: readonly Operand[]): Value[] {
  const model = operands.find((operand): operand is Value => typeof operand !== 'number')
  checkArgument(model !== undefined, `operands of ${op}`, operands, 'at least one value')
  return operands.map((operand) => (typeof operand === 'number' ? liftNumber(model, operand) : operand))
}

/** A number as a scalar of the type of another value. Half-precision scalars are cast from float32. */
export function liftNumber(model: Value, number: number): Value {
  const dtype: DType = model.dtype
  if (dtype === 'float16' || dtype === 'bfloat16')
    return record('cast', [model.graph.constant(number, [], 'float32')], { to: dtype })
  checkArgument(
    isFloat(dtype) || Number.isInteger(number),
    'operand',
    number,
    `a whole number, as the other operand is ${dtype}`,
  )
  return model.graph.constant(number, [], dtype)
}
