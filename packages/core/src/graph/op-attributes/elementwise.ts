import type { DType } from '../dtype.ts'

/** No attributes. */
export type NoAttributes = Record<never, never>

/** Ops on single elements, with broadcasting for those of two and three operands. */
export interface ElementwiseOps {
  abs: NoAttributes
  negate: NoAttributes
  exp: NoAttributes
  log: NoAttributes
  sqrt: NoAttributes
  reciprocal: NoAttributes
  tanh: NoAttributes
  sigmoid: NoAttributes
  erf: NoAttributes
  relu: NoAttributes
  softplus: NoAttributes
  floor: NoAttributes
  ceil: NoAttributes
  /** Ties to even, as IEEE. */
  round: NoAttributes
  sign: NoAttributes
  sin: NoAttributes
  cos: NoAttributes
  /** x times the normal distribution function, exact or by tanh. */
  gelu: { readonly approximate: 'none' | 'tanh' }
  /** x * sigmoid(alpha * x); alpha 1 is SiLU. */
  quickGelu: { readonly alpha: number }
  clip: { readonly min?: number; readonly max?: number }
  cast: { readonly to: DType }
  identity: NoAttributes
  add: NoAttributes
  subtract: NoAttributes
  multiply: NoAttributes
  divide: NoAttributes
  power: NoAttributes
  /** Remainder with the sign of the divisor for integers, of the dividend for floats. */
  modulo: NoAttributes
  /** Bits of unsigned integers moved towards the lowest. */
  shiftRight: { readonly bits: number }
  minimum: NoAttributes
  maximum: NoAttributes
  equal: NoAttributes
  less: NoAttributes
  lessOrEqual: NoAttributes
  greater: NoAttributes
  greaterOrEqual: NoAttributes
  and: NoAttributes
  or: NoAttributes
  not: NoAttributes
  /** condition ? a : b */
  where: NoAttributes
}
