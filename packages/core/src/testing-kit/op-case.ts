/** @file One computation with its inputs, checked on a device against the exact interpreter. */
import { allocate, type DType, isFloat, type TensorData } from '../graph/dtype.ts'
import { Graph } from '../graph/graph.ts'
import { halfToNumber, numberToBfloat16, numberToHalf } from '../graph/half.ts'
import type { OpName } from '../graph/op.ts'
import { evaluateGraph } from '../graph/reference/evaluate.ts'
import type { Value } from '../graph/value.ts'
import type { Device, DeviceKind, WeightData } from '../runtime/device.ts'
import type { HostTensor } from '../runtime/tensor.ts'

/** A computation to check. */
export interface OpCase {
  /** The op under test. */
  readonly op: OpName
  readonly name: string
  readonly graph: Graph
  /** Inputs and weights by name. */
  readonly feeds: Readonly<Record<string, HostTensor>>
  /** Largest difference allowed, times the largest exact value or 1. Integers must be equal. */
  readonly tolerance: number
  /** Where a kind of device is known to be less exact. */
  readonly tolerances: Partial<Record<DeviceKind, number>>
  /** Kinds of device that may refuse it with a `DeviceError`, and why. */
  readonly unsupported: Partial<Record<DeviceKind, string>>
}

/** An operand: its type, shape and elements. A size `T=4` is symbolic and has this value in the test. */
export interface OperandSpec {
  readonly dtype: DType
  readonly shape: readonly (number | string)[]
  /** Makes the elements from numbers in [0, 1). */
  readonly fill: (next: () => number) => TensorData
  /** Bound at compile time, as the weights of a model are. */
  readonly weight: boolean
}

type Shape = readonly (number | string)[]

/** The sizes of a shape in the test. */
export function sizesOf(shape: Shape): number[] {
  return shape.map((size) => (typeof size === 'number' ? size : Number(size.split('=')[1])))
}

/** Numbers that look random and are the same in each run (a linear congruence, Numerical Recipes). */
export function randomNumbers(seed: number): () => number {
  let state = (seed * 2654435761) >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** An operand with elements between `from` (-2) and `to` (2); whole ones exclude `to`. */
export function numbers(
  shape: Shape,
  options: { dtype?: DType; from?: number; to?: number; weight?: boolean } = {},
): OperandSpec {
  const { dtype = 'float32', from = -2, to = 2, weight = false } = options
  const count = sizesOf(shape).reduce((product, size) => product * size, 1)
  const fill = (next: () => number): TensorData => {
    const data = allocate(dtype, count)
    for (let at = 0; at < count; at += 1) setNumber(data, at, dtype, from + next() * (to - from))
    return data
  }
  return { dtype, shape, fill, weight }
}

function setNumber(data: TensorData, at: number, dtype: DType, value: number): void {
  if (data instanceof BigInt64Array) data[at] = BigInt(Math.floor(value))
  else if (dtype === 'float16') data[at] = numberToHalf(value)
  else if (dtype === 'bfloat16') data[at] = numberToBfloat16(value)
  else data[at] = isFloat(dtype) ? value : Math.floor(value)
}

/** An operand with given elements. */
export function given(data: TensorData, shape: Shape, dtype: DType): OperandSpec {
  return { dtype, shape, fill: () => data, weight: false }
}

/** Defines a case: operands by name, and the computation on them. */
export function opCase<Names extends string>(
  op: OpName,
  operands: Readonly<Record<Names, OperandSpec>>,
  compute: (values: Readonly<Record<Names, Value>>) => Value | readonly Value[],
  options: {
    note?: string
    tolerance?: number
    tolerances?: OpCase['tolerances']
    unsupported?: OpCase['unsupported']
  } = {},
): OpCase {
  const graph = new Graph(op)
  const values: Record<string, Value> = {}
  const feeds: Record<string, HostTensor> = {}
  for (const [at, [name, spec]] of Object.entries<OperandSpec>(operands).entries()) {
    const sizes = sizesOf(spec.shape)
    values[name] = spec.weight
      ? graph.weight(name, spec.dtype, sizes)
      : graph.input(
          name,
          spec.dtype,
          spec.shape.map((size) => (typeof size === 'number' ? size : size.split('=')[0]!)),
        )
    feeds[name] = { dtype: spec.dtype, shape: sizes, data: spec.fill(randomNumbers(at + 1)) }
  }
  const results = compute(values as Readonly<Record<Names, Value>>)
  const list = Array.isArray(results) ? (results as readonly Value[]) : [results as Value]
  list.forEach((value, at) => {
    graph.output(`result${at}`, value)
  })
  const halves = list.some((value) => value.dtype === 'float16')
  const types = [...new Set(Object.values<OperandSpec>(operands).map((spec) => spec.dtype))].join(', ')
  const name = `${op}${options.note ? ` ${options.note}` : ''} (${types})`
  const tolerance = options.tolerance ?? (halves ? 4e-3 : 1e-5)
  const { tolerances = {}, unsupported = {} } = options
  return { op, name, graph, feeds, tolerance, tolerances, unsupported }
}

/** The largest difference of one output, relative to its largest exact value or 1. */
export interface OpDifference {
  readonly output: string
  readonly difference: number
  readonly index: number
  readonly actual: number
  readonly expected: number
}

/** Runs a case on a device and compares each output with the exact interpreter. */
export async function measureOpCase(device: Device, test: OpCase): Promise<readonly OpDifference[]> {
  const { graph, feeds } = test
  const weights = new Map<string, WeightData>()
  for (const name of graph.weights.keys()) weights.set(name, { kind: 'memory', data: feeds[name]!.data })
  const program = await device.compile(graph, { weights })
  try {
    const inputs = Object.fromEntries(Object.entries(feeds).filter(([name]) => graph.inputs.has(name)))
    const actual = await program.run(inputs, [...graph.outputs.keys()])
    const expected = evaluateGraph(graph, feeds)
    return Object.entries(expected).map(([output, exact]) => compare(output, actual[output]!, exact))
  } finally {
    await program.close()
  }
}

function compare(
  output: string,
  actual: HostTensor,
  expected: { readonly shape: readonly number[]; readonly data: Float64Array; readonly dtype: DType },
): OpDifference {
  const none = { output, difference: 0, index: 0, actual: 0, expected: 0 }
  const sameForm = actual.dtype === expected.dtype && actual.shape.join() === expected.shape.join()
  if (!sameForm || actual.data.length !== expected.data.length)
    return { ...none, difference: Number.POSITIVE_INFINITY, index: -1 }
  const scale = isFloat(expected.dtype) ? expected.data.reduce((most, value) => Math.max(most, Math.abs(value)), 1) : 1
  let worst: OpDifference = none
  for (let index = 0; index < expected.data.length; index += 1) {
    const want = expected.data[index]!
    const got = numberAt(actual, index)
    const same = got === want || (Number.isNaN(got) && Number.isNaN(want))
    const gap = Math.abs(got - want) / scale
    const difference = same ? 0 : Number.isNaN(gap) ? Number.POSITIVE_INFINITY : gap
    if (difference > worst.difference) worst = { output, difference, index, actual: got, expected: want }
  }
  return worst
}

function numberAt(tensor: HostTensor, index: number): number {
  const raw = Number(tensor.data[index]!)
  return tensor.dtype === 'float16' ? halfToNumber(raw) : raw
}
