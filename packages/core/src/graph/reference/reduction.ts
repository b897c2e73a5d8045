import type { ReductionAttributes, ReductionOps } from '../op-attributes/reduction.ts'
import {
  around,
  countOf,
  forEachIndex,
  fromStart,
  offsetOf,
  operand,
  type ReferenceKernels,
  type ReferenceTensor,
  stridesOf,
} from './kernel.ts'

type Inputs = readonly (ReferenceTensor | undefined)[]

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** Collects the elements that fall on each place of the result, then joins them. */
const reduction =
  (join: (values: readonly number[]) => number) =>
  (inputs: Inputs, { axes, keepDims }: ReductionAttributes): readonly ReferenceTensor[] => {
    const x = operand(inputs, 0)
    const reduced = new Set(axes.map((axis) => fromStart(axis, x.shape.length)))
    const kept = x.shape.map((size, axis) => (reduced.has(axis) ? 1 : size))
    const strides = stridesOf(kept)
    const groups = Array.from({ length: countOf(kept) }, (): number[] => [])
    forEachIndex(x.shape, (index, offset) => {
      const place = offsetOf(
        index.map((at, axis) => (reduced.has(axis) ? 0 : at)),
        strides,
      )
      groups[place]!.push(x.data[offset]!)
    })
    const shape = keepDims ? kept : kept.filter((_, axis) => !reduced.has(axis))
    return [{ dtype: x.dtype, shape, data: Float64Array.from(groups, join) }]
  }

/** Rewrites each line along an axis. */
function mapLines(
  x: ReferenceTensor,
  axis: number,
  rewrite: (line: Float64Array) => ArrayLike<number>,
): ReferenceTensor {
  const { outer, size, inner } = around(x.shape, axis)
  const data = new Float64Array(x.data.length)
  for (let o = 0; o < outer; o += 1)
    for (let i = 0; i < inner; i += 1) {
      const at = (k: number): number => (o * size + k) * inner + i
      const line = rewrite(Float64Array.from({ length: size }, (_, k) => x.data[at(k)]!))
      for (let k = 0; k < size; k += 1) data[at(k)] = line[k]!
    }
  return { dtype: x.dtype, shape: x.shape, data }
}

/** Softmax of a line; a line of only -Infinity gives NaN, as the formula does. */
export function softmaxLine(line: Float64Array): Float64Array {
  const largest = Math.max(...line)
  const powers = line.map((value) => Math.exp(value - largest))
  const total = sum([...powers])
  return powers.map((power) => power / total)
}

const logSumExp = (values: readonly number[]): number => {
  const largest = Math.max(...values)
  return largest + Math.log(sum(values.map((value) => Math.exp(value - largest))))
}

const place =
  (before: (a: number, b: number) => boolean) =>
  (inputs: Inputs, attributes: { axis: number; keepDims: boolean }): readonly ReferenceTensor[] => {
    const [indices] = ordered(operand(inputs, 0), attributes.axis, 1, before)
    const axis = fromStart(attributes.axis, indices.shape.length)
    return [attributes.keepDims ? indices : { ...indices, shape: indices.shape.filter((_, at) => at !== axis) }]
  }

/** The first `count` places and values of each line in an order; equal values keep the order of their places. */
function ordered(
  x: ReferenceTensor,
  axisGiven: number,
  count: number,
  before: (a: number, b: number) => boolean,
): readonly [indices: ReferenceTensor, values: ReferenceTensor] {
  const { outer, size, inner, axis } = around(x.shape, axisGiven)
  const shape = x.shape.map((own, at) => (at === axis ? count : own))
  const [indices, values] = [new Float64Array(countOf(shape)), new Float64Array(countOf(shape))]
  for (let o = 0; o < outer; o += 1)
    for (let i = 0; i < inner; i += 1) {
      const read = (k: number): number => x.data[(o * size + k) * inner + i]!
      const places = Array.from({ length: size }, (_, k) => k)
      places.sort((a, b) => (before(read(a), read(b)) ? -1 : before(read(b), read(a)) ? 1 : a - b))
      for (let k = 0; k < count; k += 1) {
        indices[(o * count + k) * inner + i] = places[k]!
        values[(o * count + k) * inner + i] = read(places[k]!)
      }
    }
  return [
    { dtype: 'int64', shape, data: indices },
    { dtype: x.dtype, shape, data: values },
  ]
}

/** Running sums of a line. */
function running(line: Float64Array, exclusive: boolean, reverse: boolean): Float64Array {
  const result = new Float64Array(line.length)
  let total = 0
  for (let step = 0; step < line.length; step += 1) {
    const at = reverse ? line.length - 1 - step : step
    result[at] = exclusive ? total : total + line[at]!
    total += line[at]!
  }
  return result
}

/** Exact reductions and orderings. */
export const reductionReference = {
  reduceSum: reduction(sum),
  reduceMean: reduction((values) => sum(values) / values.length),
  reduceMax: reduction((values) => Math.max(...values)),
  reduceMin: reduction((values) => Math.min(...values)),
  reduceProduct: reduction((values) => values.reduce((total, value) => total * value, 1)),
  reduceSumSquare: reduction((values) => sum(values.map((value) => value * value))),
  reduceL2: reduction((values) => Math.sqrt(sum(values.map((value) => value * value)))),
  reduceLogSumExp: reduction(logSumExp),
  argMax: place((a, b) => a > b),
  argMin: place((a, b) => a < b),
  softmax: (inputs, { axis }) => [mapLines(operand(inputs, 0), axis, softmaxLine)],
  logSoftmax: (inputs, { axis }) => [
    mapLines(operand(inputs, 0), axis, (line) => {
      const total = logSumExp([...line])
      return line.map((value) => value - total)
    }),
  ],
  cumulativeSum: (inputs, { axis, exclusive, reverse }) => [
    mapLines(operand(inputs, 0), axis, (line) => running(line, exclusive, reverse)),
  ],
  topK: (inputs, { axis, largest }) => {
    const before = largest ? (a: number, b: number) => a > b : (a: number, b: number) => a < b
    const [indices, values] = ordered(operand(inputs, 0), axis, operand(inputs, 1).data[0]!, before)
    return [values, indices]
  },
} satisfies Pick<ReferenceKernels, keyof ReductionOps>
