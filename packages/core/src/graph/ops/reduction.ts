import type { ReductionAttributes, ReductionOps } from '../op-attributes/reduction.ts'
import type { Value } from '../value.ts'
import { record, recordAll } from './record.ts'

/** Which axes are reduced (default: the last) and whether they stay with size 1 (default: yes). */
export interface ReductionOptions {
  readonly axes?: readonly number[]
  readonly keepDims?: boolean
}

type Reduction = {
  [K in keyof ReductionOps]: ReductionAttributes extends ReductionOps[K] ? K : never
}[keyof ReductionOps]

function reduce(op: Reduction, x: Value, options: ReductionOptions = {}): Value {
  return record(op, [x], { axes: options.axes ?? [-1], keepDims: options.keepDims ?? true })
}

/** Sum over axes. */
export const reduceSum = (x: Value, options?: ReductionOptions): Value => reduce('reduceSum', x, options)
/** Mean over axes. */
export const reduceMean = (x: Value, options?: ReductionOptions): Value => reduce('reduceMean', x, options)
/** Largest over axes. */
export const reduceMax = (x: Value, options?: ReductionOptions): Value => reduce('reduceMax', x, options)
/** Smallest over axes. */
export const reduceMin = (x: Value, options?: ReductionOptions): Value => reduce('reduceMin', x, options)
/** Product over axes. */
export const reduceProduct = (x: Value, options?: ReductionOptions): Value => reduce('reduceProduct', x, options)
/** Sum of squares over axes. */
export const reduceSumSquare = (x: Value, options?: ReductionOptions): Value => reduce('reduceSumSquare', x, options)
/** Euclidean norm over axes. */
export const reduceL2 = (x: Value, options?: ReductionOptions): Value => reduce('reduceL2', x, options)
/** Logarithm of the sum of exponentials over axes. Slow on the CPU provider: see `logSumExp`. */
export const reduceLogSumExp = (x: Value, options?: ReductionOptions): Value => reduce('reduceLogSumExp', x, options)

/** The axis worked on; defaults to the last. */
export interface AxisOptions {
  readonly axis?: number
}

/** Place of the first largest element on an axis, int64. */
export function argMax(x: Value, options: AxisOptions & { readonly keepDims?: boolean } = {}): Value {
  return record('argMax', [x], { axis: options.axis ?? -1, keepDims: options.keepDims ?? true })
}

/** Place of the first smallest element on an axis, int64. */
export function argMin(x: Value, options: AxisOptions & { readonly keepDims?: boolean } = {}): Value {
  return record('argMin', [x], { axis: options.axis ?? -1, keepDims: options.keepDims ?? true })
}

/** Exponentials divided by their sum along an axis. */
export function softmax(x: Value, options: AxisOptions = {}): Value {
  return record('softmax', [x], { axis: options.axis ?? -1 })
}

/** Logarithm of the softmax along an axis. */
export function logSoftmax(x: Value, options: AxisOptions = {}): Value {
  return record('logSoftmax', [x], { axis: options.axis ?? -1 })
}

/** Options of `cumulativeSum`. */
export interface CumulativeSumOptions extends AxisOptions {
  /** Leave out the element itself. Defaults to false. */
  readonly exclusive?: boolean
  /** Sum from the end. Defaults to false. */
  readonly reverse?: boolean
}

/** Running sum along an axis. */
export function cumulativeSum(x: Value, options: CumulativeSumOptions = {}): Value {
  const { axis = -1, exclusive = false, reverse = false } = options
  return record('cumulativeSum', [x], { axis, exclusive, reverse })
}

/** Options of `topK`. */
export interface TopKOptions extends AxisOptions {
  /** Largest (default) or smallest first. */
  readonly largest?: boolean
  /** Whether the results are in order; defaults to true. */
  readonly sorted?: boolean
  /** Name of the result's size when k is a value. Defaults to `K`. */
  readonly count?: string
}

/** The k largest (or smallest) elements on an axis, and their places (int64). `k` is a number or an int64 [1] value. */
export function topK(x: Value, k: number | Value, options: TopKOptions = {}): { values: Value; indices: Value } {
  const { axis = -1, largest = true, sorted = true } = options
  const fixed = typeof k === 'number'
  const amount = fixed ? x.graph.constant(BigInt64Array.of(BigInt(k))) : k
  const count = fixed ? k : (options.count ?? 'K')
  const [values, indices] = recordAll('topK', [x, amount], { axis, largest, sorted, count })
  return { values: values!, indices: indices! }
}
