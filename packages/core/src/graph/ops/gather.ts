import type { ScatterReduction } from '../op-attributes/gather.ts'
import type { Value } from '../value.ts'
import { record } from './record.ts'

/** Rows of a table by number: the axis (default 0) of `table` is replaced by the shape of `ids` (int32 or int64). */
export function gather(table: Value, ids: Value, options: { readonly axis?: number } = {}): Value {
  return record('gather', [table, ids], { axis: options.axis ?? 0 })
}

/** One element per place of `ids` along an axis (default: the last); `ids` has the rank of `x`. */
export function gatherElements(x: Value, ids: Value, options: { readonly axis?: number } = {}): Value {
  return record('gatherElements', [x, ids], { axis: options.axis ?? -1 })
}

/** Slices by coordinates: the last dimension of `ids` holds a place in the first dimensions of `x` after `batchDims`. */
export function gatherNd(x: Value, ids: Value, options: { readonly batchDims?: number } = {}): Value {
  return record('gatherNd', [x, ids], { batchDims: options.batchDims ?? 0 })
}

/** Options of the scatter ops. */
export interface ScatterOptions {
  /** How several updates of one place are joined with what is there. Defaults to `none`: the update replaces. */
  readonly reduction?: ScatterReduction
}

/** A copy of `x` with `updates` written along an axis (default: the last) at the places `ids`. */
export function scatterElements(
  x: Value,
  ids: Value,
  updates: Value,
  options: ScatterOptions & { readonly axis?: number } = {},
): Value {
  return record('scatterElements', [x, ids, updates], {
    axis: options.axis ?? -1,
    reduction: options.reduction ?? 'none',
  })
}

/** A copy of `x` with slices `updates` written at the coordinates `ids`. */
export function scatterNd(x: Value, ids: Value, updates: Value, options: ScatterOptions = {}): Value {
  return record('scatterNd', [x, ids, updates], { reduction: options.reduction ?? 'none' })
}
