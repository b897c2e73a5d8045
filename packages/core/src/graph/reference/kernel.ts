/** @file Tensors in float64 and the index arithmetic of the reference kernels, which are written to be read, not to be fast. */
import { InternalError } from '@lc/model/errors'
import type { DType } from '../dtype.ts'
import type { OpAttributes, OpName } from '../op.ts'

/** A tensor whose elements are float64, whatever type it stands for. */
export interface ReferenceTensor {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly data: Float64Array
}

/** Computes an op exactly, but for float64 rounding. */
export type ReferenceKernel<K extends OpName> = (
  inputs: readonly (ReferenceTensor | undefined)[],
  attributes: OpAttributes[K],
) => readonly ReferenceTensor[]

/** One kernel for each op. */
export type ReferenceKernels = { readonly [K in OpName]: ReferenceKernel<K> }

/** An operand that the shape rules have made sure of. */
export function operand(inputs: readonly (ReferenceTensor | undefined)[], index: number): ReferenceTensor {
  const input = inputs[index]
  if (input === undefined) throw new InternalError({ invariant: `operand ${index} of a node is there` })
  return input
}

/** Number of elements of a shape. */
export function countOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

/** Elements between neighbours on each axis, row-major. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length)
  let stride = 1
  for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
    strides[axis] = stride
    stride *= shape[axis]!
  }
  return strides
}

/** Place of an index in row-major order. */
export function offsetOf(index: readonly number[], strides: readonly number[]): number {
  return index.reduce((sum, at, axis) => sum + at * strides[axis]!, 0)
}

/** Calls back for each index of a shape in row-major order. The index array is reused. */
export function forEachIndex(
  shape: readonly number[],
  visit: (index: readonly number[], offset: number) => void,
): void {
  const index = shape.map(() => 0)
  const count = countOf(shape)
  for (let offset = 0; offset < count; offset += 1) {
    visit(index, offset)
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      index[axis] = index[axis]! + 1
      if (index[axis]! < shape[axis]!) break
      index[axis] = 0
    }
  }
}

/** A tensor from a function of its index. */
export function build(
  dtype: DType,
  shape: readonly number[],
  at: (index: readonly number[]) => number,
): ReferenceTensor {
  const data = new Float64Array(countOf(shape))
  forEachIndex(shape, (index, offset) => {
    data[offset] = at(index)
  })
  return { dtype, shape, data }
}

/** Reads a tensor at an index of a shape to which it broadcasts. */
export function broadcastReader(x: ReferenceTensor): (index: readonly number[]) => number {
  const strides = stridesOf(x.shape)
  return (index) => {
    const shift = index.length - x.shape.length
    let offset = 0
    for (let axis = 0; axis < x.shape.length; axis += 1)
      if (x.shape[axis] !== 1) offset += index[axis + shift]! * strides[axis]!
    return x.data[offset]!
  }
}

/** The shape to which shapes broadcast. */
export function broadcastSizes(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length))
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1)
    return sizes.find((size) => size !== 1) ?? 1
  })
}

/** An axis counted from 0. */
export function fromStart(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis
}

/** A tensor as [outer, size, inner] around an axis. */
export function around(
  shape: readonly number[],
  axis: number,
): { outer: number; size: number; inner: number; axis: number } {
  const at = fromStart(axis, shape.length)
  return { outer: countOf(shape.slice(0, at)), size: shape[at]!, inner: countOf(shape.slice(at + 1)), axis: at }
}
