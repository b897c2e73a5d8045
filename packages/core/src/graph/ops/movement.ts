import type { Dimension, Shape } from '../dimension.ts'
import type { SliceRange } from '../op-attributes/movement.ts'
import type { Value } from '../value.ts'
import { record, recordAll } from './record.ts'
import type { AxisOptions } from './reduction.ts'

/**
 * The same elements in another shape. Symbolic sizes are allowed where they can be found again at run time: at most one
 * that is not the size of some axis of x.
 */
export function reshape(x: Value, shape: Shape): Value {
  return record('reshape', [x], { shape })
}

/** Reorders axes: axis i of the result is axis permutation[i] of x. Defaults to the reverse order. */
export function transpose(x: Value, permutation?: readonly number[]): Value {
  return record('transpose', [x], { permutation: permutation ?? x.shape.map((_, axis) => x.shape.length - 1 - axis) })
}

/** Removes axes of size 1. */
export function squeeze(x: Value, axes: readonly number[]): Value {
  return record('squeeze', [x], { axes })
}

/** Adds axes of size 1 at these places of the result. */
export function unsqueeze(x: Value, axes: readonly number[]): Value {
  return record('unsqueeze', [x], { axes })
}

/** Broadcasts to a shape whose sizes are numbers, or sizes of x. */
export function expand(x: Value, shape: Shape): Value {
  return record('expand', [x], { shape })
}

/** Repeats the whole tensor along each axis. */
export function tile(x: Value, repeats: readonly number[]): Value {
  return record('tile', [x], { repeats })
}

/** Joins tensors along an axis (default: the last). */
export function concat(values: readonly Value[], options: AxisOptions = {}): Value {
  return record('concat', values, { axis: options.axis ?? -1 })
}

/** Cuts a tensor along an axis (default: the last) into parts of the given sizes. */
export function split(x: Value, sizes: readonly number[], options: AxisOptions = {}): readonly Value[] {
  return recordAll('split', [x], { axis: options.axis ?? -1, sizes })
}

/** A part of a tensor: per axis a start and an end that are known when the graph is built. */
export function slice(x: Value, ...ranges: readonly SliceRange[]): Value {
  return record('slice', [x], { ranges })
}

/** A part of a tensor whose bounds are values (int64, one element per axis); `sizes` names the sizes of the result. */
export function dynamicSlice(
  x: Value,
  bounds: {
    readonly starts: Value
    readonly ends: Value
    readonly axes: readonly number[]
    readonly sizes: readonly Dimension[]
  },
): Value {
  return record('dynamicSlice', [x, bounds.starts, bounds.ends], { axes: bounds.axes, sizes: bounds.sizes })
}

/** Adds elements of a constant value (default 0) before and after each axis. */
export function pad(
  x: Value,
  amounts: { readonly before: readonly number[]; readonly after: readonly number[]; readonly value?: number },
): Value {
  return record('pad', [x], { before: amounts.before, after: amounts.after, value: amounts.value ?? 0 })
}

/** Options of `triangle`. */
export interface TriangleOptions {
  /** Keep the upper triangle instead of the lower. Defaults to false. */
  readonly upper?: boolean
  /** Diagonal that bounds the kept part; 0 is the main one, positive lies above. Defaults to 0. */
  readonly diagonal?: number
}

/** Keeps a triangle of the last two dimensions, zero elsewhere. */
export function triangle(x: Value, options: TriangleOptions = {}): Value {
  return record('triangle', [x], { upper: options.upper ?? false, diagonal: options.diagonal ?? 0 })
}

/** Sizes of x at run time as int64, from axis `start` to axis `end` (excluded). Defaults to all. */
export function shapeOf(x: Value, options: { readonly start?: number; readonly end?: number } = {}): Value {
  return record('shapeOf', [x], { start: options.start ?? 0, end: options.end ?? x.shape.length })
}
