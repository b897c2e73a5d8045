import {
  addDimensions,
  type Dimension,
  divideDimensions,
  multiplyDimensions,
  type Shape,
  sameDimension,
  subtractDimensions,
} from '../dimension.ts'
import type { MovementOps, SliceRange } from '../op-attributes/movement.ts'
import type { TensorType } from '../value.ts'
import {
  broadcastDimension,
  checkSame,
  checkShape,
  need,
  resolveAxes,
  resolveAxis,
  type ShapeRules,
  sameType,
  withSize,
} from './rule.ts'

/** Size of a slice of one axis. Symbolic sizes count as large enough for the constants in the range. */
export function slicedSize(size: Dimension, range: SliceRange): Dimension | undefined {
  const { start = 0, end, step = 1 } = range
  if (typeof size === 'number') {
    const clamp = (at: number): number => Math.min(Math.max(at < 0 ? at + size : at, 0), size)
    return Math.max(0, Math.ceil((clamp(end ?? size) - clamp(start)) / step))
  }
  if (step !== 1) return undefined
  const from = start < 0 ? addDimensions(size, start) : start
  const to = end === undefined ? size : end < 0 ? addDimensions(size, end) : end
  return subtractDimensions(to, from)
}

/** A reshape target with -1 replaced by the size that keeps the number of elements. */
function completeShape(x: TensorType, shape: Shape): Shape {
  const total = multiplyDimensions(...x.shape)
  const rest = multiplyDimensions(...shape.filter((size) => size !== -1))
  if (!shape.includes(-1)) {
    checkShape(sameDimension(total, rest), 'reshape', [x], `the number of elements must stay: ${total} is not ${rest}`)
    return shape
  }
  const missing = divideDimensions(total, rest)
  const single = shape.filter((size) => size === -1).length === 1
  checkShape(
    single && missing !== undefined,
    'reshape',
    [x],
    `${total} elements must be divisible into [${shape.join(', ')}]`,
  )
  return shape.map((size) => (size === -1 ? missing : size))
}

/** Shapes of ops that move elements. */
export const movementShapes = {
  reshape: (inputs, { shape }) => {
    const x = need('reshape', inputs, 0, 'the operand')
    return [{ dtype: x.dtype, shape: completeShape(x, shape) }]
  },
  transpose: (inputs, { permutation }) => {
    const x = need('transpose', inputs, 0, 'the operand')
    checkShape(permutation.length === x.shape.length, 'transpose', inputs, 'the permutation must name each axis once')
    const axes = resolveAxes('transpose', inputs, permutation, x.shape.length)
    return [{ dtype: x.dtype, shape: axes.map((axis) => x.shape[axis]!) }]
  },
  squeeze: (inputs, { axes }) => {
    const x = need('squeeze', inputs, 0, 'the operand')
    const removed = resolveAxes('squeeze', inputs, axes, x.shape.length)
    checkShape(
      removed.every((axis) => x.shape[axis] === 1),
      'squeeze',
      inputs,
      `axes ${axes.join(', ')} must have size 1`,
    )
    return [{ dtype: x.dtype, shape: x.shape.filter((_, axis) => !removed.includes(axis)) }]
  },
  unsqueeze: (inputs, { axes }) => {
    const x = need('unsqueeze', inputs, 0, 'the operand')
    const rank = x.shape.length + axes.length
    const added = resolveAxes('unsqueeze', inputs, axes, rank)
    const rest = [...x.shape]
    return [
      { dtype: x.dtype, shape: Array.from({ length: rank }, (_, axis) => (added.includes(axis) ? 1 : rest.shift()!)) },
    ]
  },
  expand: (inputs, { shape }) => {
    const x = need('expand', inputs, 0, 'the operand')
    const offset = shape.length - x.shape.length
    checkShape(offset >= 0, 'expand', inputs, 'the shape must have at least the rank of the operand')
    shape.forEach((size, axis) => {
      const joined = broadcastDimension(x.shape[axis - offset] ?? 1, size)
      const fits = joined !== undefined && sameDimension(joined, size)
      checkShape(fits, 'expand', inputs, `the operand must broadcast to [${shape.join(', ')}]`)
    })
    return [{ dtype: x.dtype, shape }]
  },
  tile: (inputs, { repeats }) => {
    const x = need('tile', inputs, 0, 'the operand')
    checkShape(repeats.length === x.shape.length, 'tile', inputs, 'there must be one repeat per axis')
    return [{ dtype: x.dtype, shape: x.shape.map((size, axis) => multiplyDimensions(size, repeats[axis]!)) }]
  },
  concat: (inputs, attributes) => {
    const first = need('concat', inputs, 0, 'the first operand')
    const given = inputs.filter((input) => input !== undefined)
    const axis = resolveAxis('concat', inputs, attributes.axis, first.shape.length)
    for (const input of given) {
      checkShape(input.shape.length === first.shape.length, 'concat', inputs, 'the ranks must be equal')
      input.shape.forEach((size, at) => {
        if (at !== axis) checkSame('concat', inputs, size, first.shape[at], `the sizes of axis ${at}`)
      })
    }
    const size = addDimensions(...given.map((input) => input.shape[axis]!))
    return [{ dtype: sameType('concat', given), shape: withSize(first.shape, axis, size) }]
  },
  split: (inputs, attributes) => {
    const x = need('split', inputs, 0, 'the operand')
    const axis = resolveAxis('split', inputs, attributes.axis, x.shape.length)
    const sum = attributes.sizes.reduce((total, size) => total + size, 0)
    checkSame('split', inputs, x.shape[axis], sum, 'the size of the axis and the sum of the parts')
    return attributes.sizes.map((size) => ({ dtype: x.dtype, shape: withSize(x.shape, axis, size) }))
  },
  slice: (inputs, { ranges }) => {
    const x = need('slice', inputs, 0, 'the operand')
    let shape: Shape = x.shape
    for (const range of ranges) {
      const axis = resolveAxis('slice', inputs, range.axis, shape.length)
      checkShape((range.step ?? 1) > 0, 'slice', inputs, 'steps must be positive')
      const size = slicedSize(shape[axis]!, range)
      checkShape(size !== undefined, 'slice', inputs, 'a step other than 1 needs a known size')
      shape = withSize(shape, axis, size)
    }
    return [{ dtype: x.dtype, shape }]
  },
  dynamicSlice: (inputs, { axes, sizes }) => {
    const x = need('dynamicSlice', inputs, 0, 'the operand')
    for (const [index, what] of ['starts', 'ends'].entries()) {
      const bound = need('dynamicSlice', inputs, index + 1, what)
      const fits = bound.dtype === 'int64' && bound.shape.length === 1 && bound.shape[0] === axes.length
      checkShape(fits, 'dynamicSlice', inputs, `${what} must be int64 with one element per axis`)
    }
    const resolved = resolveAxes('dynamicSlice', inputs, axes, x.shape.length)
    checkShape(sizes.length === axes.length, 'dynamicSlice', inputs, 'there must be one size per axis')
    const shape = x.shape.map((size, axis) => (resolved.includes(axis) ? sizes[resolved.indexOf(axis)]! : size))
    return [{ dtype: x.dtype, shape }]
  },
  pad: (inputs, { before, after }) => {
    const x = need('pad', inputs, 0, 'the operand')
    const fits = before.length === x.shape.length && after.length === x.shape.length
    checkShape(fits, 'pad', inputs, 'there must be an amount before and after each axis')
    return [{ dtype: x.dtype, shape: x.shape.map((size, axis) => addDimensions(size, before[axis]!, after[axis]!)) }]
  },
  triangle: (inputs) => {
    const x = need('triangle', inputs, 0, 'the operand')
    checkShape(x.shape.length >= 2, 'triangle', inputs, 'the operand must have two dimensions or more')
    return [{ dtype: x.dtype, shape: x.shape }]
  },
  shapeOf: (inputs, { start, end }) => {
    const x = need('shapeOf', inputs, 0, 'the operand')
    checkShape(
      start >= 0 && start < end && end <= x.shape.length,
      'shapeOf',
      inputs,
      `axes ${start} to ${end} must exist`,
    )
    return [{ dtype: 'int64', shape: [end - start] }]
  },
} satisfies Pick<ShapeRules, keyof MovementOps>
