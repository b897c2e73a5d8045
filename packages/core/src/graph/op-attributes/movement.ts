import type { Dimension, Shape } from '../dimension.ts'
import type { AxisAttributes } from './reduction.ts'

/** One axis of a slice: elements `start` (included) to `end` (excluded), negative from the end; `end` absent means to the end. */
export interface SliceRange {
  readonly axis: number
  readonly start?: number
  readonly end?: number
  readonly step?: number
}

/** Ops that move elements without computing. */
export interface MovementOps {
  reshape: { readonly shape: Shape }
  transpose: { readonly permutation: readonly number[] }
  squeeze: { readonly axes: readonly number[] }
  unsqueeze: { readonly axes: readonly number[] }
  expand: { readonly shape: Shape }
  tile: { readonly repeats: readonly number[] }
  concat: AxisAttributes
  split: AxisAttributes & { readonly sizes: readonly number[] }
  slice: { readonly ranges: readonly SliceRange[] }
  /** Inputs: x, starts and ends (int64 [axes]); `sizes` are the sizes of the result on these axes. */
  dynamicSlice: { readonly axes: readonly number[]; readonly sizes: readonly Dimension[] }
  /** Elements added before and after each dimension, with a constant value. */
  pad: { readonly before: readonly number[]; readonly after: readonly number[]; readonly value: number }
  /** The upper or lower triangle of the last two dimensions, the rest zero. */
  triangle: { readonly upper: boolean; readonly diagonal: number }
  /** The sizes `start` to `end` of x at run time, as int64. */
  shapeOf: { readonly start: number; readonly end: number }
}
