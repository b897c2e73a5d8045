/** @file Small inputs of graphs, made on the host. */
import type { HostTensor } from '@lc/core/runtime'

/** A float32 tensor. */
export function floats(shape: readonly number[], data: Float32Array): HostTensor {
  return { dtype: 'float32', shape, data }
}

/** A list of whole numbers as int64, `[N]`. */
export function integers(numbers: readonly number[]): HostTensor {
  return { dtype: 'int64', shape: [numbers.length], data: BigInt64Array.from(numbers, BigInt) }
}

/** Whole numbers from one to another, the last left out, as int64 `[N]`. */
export function integersBetween(from: number, to: number): HostTensor {
  return integers(Array.from({ length: Math.max(0, to - from) }, (_, at) => from + at))
}
