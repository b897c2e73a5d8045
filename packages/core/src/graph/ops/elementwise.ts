import type { DType } from '../dtype.ts'
import type { ElementwiseOps, NoAttributes } from '../op-attributes/elementwise.ts'
import type { Value } from '../value.ts'
import { liftOperands, type Operand, record } from './record.ts'

type PlainOp = {
  [K in keyof ElementwiseOps]: ElementwiseOps[K] extends NoAttributes
    ? NoAttributes extends ElementwiseOps[K]
      ? K
      : never
    : never
}[keyof ElementwiseOps]

function unary(op: PlainOp, x: Value): Value {
  return record(op, [x], {})
}

function binary(op: PlainOp, left: Operand, right: Operand): Value {
  return record(op, liftOperands(op, left, right), {})
}

/** |x| */
export const abs = (x: Value): Value => unary('abs', x)
/** -x */
export const negate = (x: Value): Value => unary('negate', x)
/** e^x */
export const exp = (x: Value): Value => unary('exp', x)
/** Natural logarithm. */
export const log = (x: Value): Value => unary('log', x)
/** Square root. */
export const sqrt = (x: Value): Value => unary('sqrt', x)
/** 1 / x */
export const reciprocal = (x: Value): Value => unary('reciprocal', x)
/** Hyperbolic tangent. */
export const tanh = (x: Value): Value => unary('tanh', x)
/** 1 / (1 + e^-x) */
export const sigmoid = (x: Value): Value => unary('sigmoid', x)
/** Error function. */
export const erf = (x: Value): Value => unary('erf', x)
/** max(x, 0) */
export const relu = (x: Value): Value => unary('relu', x)
/** log(1 + e^x) */
export const softplus = (x: Value): Value => unary('softplus', x)
/** Largest whole number <= x. */
export const floor = (x: Value): Value => unary('floor', x)
/** Smallest whole number >= x. */
export const ceil = (x: Value): Value => unary('ceil', x)
/** Nearest whole number, ties to even (on WebGPU ties go up). */
export const round = (x: Value): Value => unary('round', x)
/** -1, 0 or 1. */
export const sign = (x: Value): Value => unary('sign', x)
/** Sine. */
export const sin = (x: Value): Value => unary('sin', x)
/** Cosine. */
export const cos = (x: Value): Value => unary('cos', x)
/** Logical not of booleans. */
export const not = (x: Value): Value => unary('not', x)
/** The same tensor under another identity; lets one value be an input and an output. */
export const identity = (x: Value): Value => unary('identity', x)

/** Sum with broadcasting. */
export const add = (left: Operand, right: Operand): Value => binary('add', left, right)
/** Difference with broadcasting. */
export const subtract = (left: Operand, right: Operand): Value => binary('subtract', left, right)
/** Product with broadcasting. */
export const multiply = (left: Operand, right: Operand): Value => binary('multiply', left, right)
/** Quotient with broadcasting; integers are truncated. */
export const divide = (left: Operand, right: Operand): Value => binary('divide', left, right)
/** left to the power of right, with broadcasting. */
export const power = (left: Operand, right: Operand): Value => binary('power', left, right)
/** Remainder with broadcasting. */
export const modulo = (left: Operand, right: Operand): Value => binary('modulo', left, right)
/** The smaller of two, with broadcasting. */
export const minimum = (left: Operand, right: Operand): Value => binary('minimum', left, right)
/** The larger of two, with broadcasting. */
export const maximum = (left: Operand, right: Operand): Value => binary('maximum', left, right)
/** left == right, as bool. */
export const equal = (left: Operand, right: Operand): Value => binary('equal', left, right)
/** left < right, as bool. */
export const less = (left: Operand, right: Operand): Value => binary('less', left, right)
/** left <= right, as bool. */
export const lessOrEqual = (left: Operand, right: Operand): Value => binary('lessOrEqual', left, right)
/** left > right, as bool. */
export const greater = (left: Operand, right: Operand): Value => binary('greater', left, right)
/** left >= right, as bool. */
export const greaterOrEqual = (left: Operand, right: Operand): Value => binary('greaterOrEqual', left, right)
/** Logical and of booleans. */
export const and = (left: Value, right: Value): Value => record('and', [left, right], {})
/** Logical or of booleans. */
export const or = (left: Value, right: Value): Value => record('or', [left, right], {})

/** `left` where the condition holds, `right` elsewhere, with broadcasting. */
export function where(condition: Value, left: Operand, right: Operand): Value {
  return record('where', [condition, ...liftOperands('where', left, right)], {})
}

/** Converts the element type. Floats become integers by truncation. */
export function cast(x: Value, to: DType): Value {
  return x.dtype === to ? x : record('cast', [x], { to })
}

/** Limits values to an interval. */
export function clip(x: Value, limits: { readonly min?: number; readonly max?: number }): Value {
  return record('clip', [x], limits)
}

/** Bits of bytes moved towards the lowest: x / 2^bits without its rest. */
export function shiftRight(x: Value, bits: number): Value {
  return record('shiftRight', [x], { bits })
}

/** Gaussian error linear unit; exact by default, or by the tanh approximation. */
export function gelu(x: Value, options: { readonly approximate?: 'none' | 'tanh' } = {}): Value {
  return record('gelu', [x], { approximate: options.approximate ?? 'none' })
}

/** x * sigmoid(alpha * x). Alpha defaults to 1, which is SiLU. */
export function quickGelu(x: Value, options: { readonly alpha?: number } = {}): Value {
  return record('quickGelu', [x], { alpha: options.alpha ?? 1 })
}
