import { InternalError } from '@lc/model/errors'
import type { Dimension } from '../dimension.ts'
import type { MovementOps } from '../op-attributes/movement.ts'
import {
  around,
  broadcastReader,
  broadcastSizes,
  build,
  countOf,
  fromStart,
  offsetOf,
  operand,
  type ReferenceKernels,
  type ReferenceTensor,
  stridesOf,
} from './kernel.ts'

/** Sizes with names filled in by the interpreter before the kernel is called. */
function known(shape: readonly Dimension[]): readonly number[] {
  return shape.map((size) => {
    if (typeof size === 'string') throw new InternalError({ invariant: `the size ${size} has a value` })
    return size
  })
}

function reshaped(x: ReferenceTensor, shape: readonly number[]): ReferenceTensor {
  const rest = countOf(shape.filter((size) => size !== -1))
  return { ...x, shape: shape.map((size) => (size === -1 ? x.data.length / rest : size)) }
}

/** A part of x from `starts`, every `steps`, of the given shape. */
function part(
  x: ReferenceTensor,
  starts: readonly number[],
  steps: readonly number[],
  shape: readonly number[],
): ReferenceTensor {
  const strides = stridesOf(x.shape)
  return build(
    x.dtype,
    shape,
    (index) =>
      x.data[
        offsetOf(
          index.map((at, axis) => starts[axis]! + at * steps[axis]!),
          strides,
        )
      ]!,
  )
}

interface Range {
  readonly axis: number
  readonly start: number
  readonly end: number
  readonly step: number
}

function sliced(x: ReferenceTensor, ranges: readonly Range[]): ReferenceTensor {
  const starts = x.shape.map(() => 0)
  const steps = x.shape.map(() => 1)
  const shape = [...x.shape]
  for (const range of ranges) {
    const axis = fromStart(range.axis, x.shape.length)
    const size = x.shape[axis]!
    const clamp = (at: number): number => Math.min(Math.max(at < 0 ? at + size : at, 0), size)
    starts[axis] = clamp(range.start)
    steps[axis] = range.step
    shape[axis] = Math.max(0, Math.ceil((clamp(range.end) - starts[axis]) / range.step))
  }
  return part(x, starts, steps, shape)
}

function joined(inputs: readonly ReferenceTensor[], axisGiven: number): ReferenceTensor {
  const first = inputs[0]!
  const axis = fromStart(axisGiven, first.shape.length)
  const shape = first.shape.map((size, at) =>
    at === axis ? inputs.reduce((sum, input) => sum + input.shape[axis]!, 0) : size,
  )
  return build(first.dtype, shape, (index) => {
    let at = index[axis]!
    const source = inputs.find((input) => {
      if (at < input.shape[axis]!) return true
      at -= input.shape[axis]!
      return false
    })!
    return source.data[
      offsetOf(
        index.map((own, other) => (other === axis ? at : own)),
        stridesOf(source.shape),
      )
    ]!
  })
}

/** Exact movements. */
export const movementReference = {
  reshape: (inputs, { shape }) => [reshaped(operand(inputs, 0), known(shape))],
  transpose: (inputs, { permutation }) => {
    const x = operand(inputs, 0)
    const axes = permutation.map((axis) => fromStart(axis, x.shape.length))
    const strides = stridesOf(x.shape)
    const shape = axes.map((axis) => x.shape[axis]!)
    return [
      build(x.dtype, shape, (index) => x.data[index.reduce((sum, at, axis) => sum + at * strides[axes[axis]!]!, 0)]!),
    ]
  },
  squeeze: (inputs, { axes }) => {
    const x = operand(inputs, 0)
    const removed = axes.map((axis) => fromStart(axis, x.shape.length))
    return [{ ...x, shape: x.shape.filter((_, axis) => !removed.includes(axis)) }]
  },
  unsqueeze: (inputs, { axes }) => {
    const x = operand(inputs, 0)
    const rank = x.shape.length + axes.length
    const added = axes.map((axis) => fromStart(axis, rank))
    const rest = [...x.shape]
    return [{ ...x, shape: Array.from({ length: rank }, (_, axis) => (added.includes(axis) ? 1 : rest.shift()!)) }]
  },
  expand: (inputs, { shape }) => {
    const x = operand(inputs, 0)
    return [build(x.dtype, broadcastSizes(x.shape, known(shape)), broadcastReader(x))]
  },
  tile: (inputs, { repeats }) => {
    const x = operand(inputs, 0)
    const strides = stridesOf(x.shape)
    const shape = x.shape.map((size, axis) => size * repeats[axis]!)
    return [
      build(
        x.dtype,
        shape,
        (index) =>
          x.data[
            offsetOf(
              index.map((at, axis) => at % x.shape[axis]!),
              strides,
            )
          ]!,
      ),
    ]
  },
  concat: (inputs, { axis }) => [
    joined(
      inputs.filter((input) => input !== undefined),
      axis,
    ),
  ],
  split: (inputs, { axis: axisGiven, sizes }) => {
    const x = operand(inputs, 0)
    const { axis } = around(x.shape, axisGiven)
    let start = 0
    return sizes.map((size) => {
      start += size
      return sliced(x, [{ axis, start: start - size, end: start, step: 1 }])
    })
  },
  slice: (inputs, { ranges }) => {
    const x = operand(inputs, 0)
    const full = ranges.map(({ axis, start = 0, end = Number.MAX_SAFE_INTEGER, step = 1 }) => ({
      axis,
      start,
      end,
      step,
    }))
    return [sliced(x, full)]
  },
  dynamicSlice: (inputs, { axes }) => {
    const [starts, ends] = [operand(inputs, 1).data, operand(inputs, 2).data]
    const ranges = axes.map((axis, at) => ({ axis, start: starts[at]!, end: ends[at]!, step: 1 }))
    return [sliced(operand(inputs, 0), ranges)]
  },
  pad: (inputs, { before, after, value }) => {
    const x = operand(inputs, 0)
    const strides = stridesOf(x.shape)
    const shape = x.shape.map((size, axis) => size + before[axis]! + after[axis]!)
    const at = (index: readonly number[]): number => {
      const inside = index.map((own, axis) => own - before[axis]!)
      const within = inside.every((own, axis) => own >= 0 && own < x.shape[axis]!)
      return within ? x.data[offsetOf(inside, strides)]! : value
    }
    return [build(x.dtype, shape, at)]
  },
  triangle: (inputs, { upper, diagonal }) => {
    const x = operand(inputs, 0)
    const read = broadcastReader(x)
    const keeps = (row: number, column: number): boolean =>
      upper ? column - row >= diagonal : column - row <= diagonal
    return [build(x.dtype, x.shape, (index) => (keeps(index.at(-2)!, index.at(-1)!) ? read(index) : 0))]
  },
  shapeOf: (inputs, { start, end }) => {
    const sizes = operand(inputs, 0).shape.slice(start, end)
    return [{ dtype: 'int64', shape: [sizes.length], data: Float64Array.from(sizes) }]
  },
} satisfies Pick<ReferenceKernels, keyof MovementOps>
