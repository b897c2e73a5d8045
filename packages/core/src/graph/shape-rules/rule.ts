/** @file What a shape rule is, and the checks that several kinds of rules need. */
import { ShapeError } from '../../errors/shape-error.ts'
import { type Dimension, formatShape, type Shape, sameDimension } from '../dimension.ts'
import { type DType, isFloat, isInteger } from '../dtype.ts'
import type { OpAttributes, OpName } from '../op.ts'
import type { TensorType } from '../value.ts'

/** The types of the outputs of an op, from the types of its inputs. */
export type ShapeRule<K extends OpName> = (
  inputs: readonly (TensorType | undefined)[],
  attributes: OpAttributes[K],
) => readonly TensorType[]

/** One rule for each op. */
export type ShapeRules = { readonly [K in OpName]: ShapeRule<K> }

/** A tensor type as text: `float32 [T, 576]`. */
export function formatType(type: TensorType | undefined): string {
  return type === undefined ? 'nothing' : `${type.dtype} ${formatShape(type.shape)}`
}

/** Throws `ShapeError` unless the condition holds. */
export function checkShape(
  condition: boolean,
  op: string,
  inputs: readonly (TensorType | undefined)[],
  rule: string,
): asserts condition {
  if (!condition)
    throw new ShapeError({ op, shapes: inputs.filter((input) => input !== undefined).map(formatType), rule })
}

/** An operand that must be there. */
export function need(op: string, inputs: readonly (TensorType | undefined)[], index: number, what: string): TensorType {
  const input = inputs[index]
  checkShape(input !== undefined, op, inputs, `${what} must be given`)
  return input
}

/** All given operands have one element type, which is returned. */
export function sameType(op: string, inputs: readonly (TensorType | undefined)[]): DType {
  const given = inputs.filter((input) => input !== undefined)
  const dtype = given[0]!.dtype
  checkShape(
    given.every((input) => input.dtype === dtype),
    op,
    inputs,
    'the operands must have one element type',
  )
  return dtype
}

/** A float operand. */
export function checkFloat(op: string, inputs: readonly (TensorType | undefined)[], type: TensorType): void {
  checkShape(isFloat(type.dtype), op, inputs, 'the operand must be of a float type')
}

/** An int32 or int64 operand. */
export function checkIndex(op: string, inputs: readonly (TensorType | undefined)[], type: TensorType): void {
  const fits = isInteger(type.dtype) && (type.dtype === 'int32' || type.dtype === 'int64')
  checkShape(fits, op, inputs, 'places must be int32 or int64')
}

/** An axis counted from 0. */
export function resolveAxis(
  op: string,
  inputs: readonly (TensorType | undefined)[],
  axis: number,
  rank: number,
): number {
  const resolved = axis < 0 ? axis + rank : axis
  const fits = Number.isInteger(axis) && resolved >= 0 && resolved < rank
  checkShape(fits, op, inputs, `axis ${axis} must lie in a tensor of ${rank} dimensions`)
  return resolved
}

/** Axes counted from 0, without repetition. */
export function resolveAxes(
  op: string,
  inputs: readonly (TensorType | undefined)[],
  axes: readonly number[],
  rank: number,
): readonly number[] {
  const resolved = axes.map((axis) => resolveAxis(op, inputs, axis, rank))
  checkShape(new Set(resolved).size === resolved.length, op, inputs, `axes ${axes.join(', ')} must be different`)
  return resolved
}

/** The common size of two, where 1 gives way. */
export function broadcastDimension(left: Dimension, right: Dimension): Dimension | undefined {
  if (left === 1) return right
  return right === 1 || sameDimension(left, right) ? left : undefined
}

/** The common shape of several, aligned at the last dimension. */
export function broadcastShapes(op: string, inputs: readonly TensorType[]): Shape {
  const shapes = inputs.map((input) => input.shape)
  const rank = Math.max(...shapes.map((shape) => shape.length))
  return Array.from({ length: rank }, (_, axis) => {
    let size: Dimension = 1
    for (const shape of shapes) {
      const joined = broadcastDimension(size, shape[axis - rank + shape.length] ?? 1)
      checkShape(joined !== undefined, op, inputs, 'the shapes must broadcast: sizes equal, or 1')
      size = joined
    }
    return size
  })
}

/** The sizes are equal for all values of their names. */
export function checkSame(
  op: string,
  inputs: readonly (TensorType | undefined)[],
  left: Dimension | undefined,
  right: Dimension | undefined,
  what: string,
): void {
  const same = left !== undefined && right !== undefined && sameDimension(left, right)
  checkShape(same, op, inputs, `${what} must be equal (${left} and ${right})`)
}

/** A shape with one size replaced. */
export function withSize(shape: Shape, axis: number, ...sizes: readonly Dimension[]): Shape {
  return [...shape.slice(0, axis), ...sizes, ...shape.slice(axis + 1)]
}
