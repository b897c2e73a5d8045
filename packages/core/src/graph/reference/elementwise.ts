import type { DType } from '../dtype.ts'
import { bfloat16ToNumber, halfToNumber, numberToBfloat16, numberToHalf, roundHalfToEven } from '../half.ts'
import type { ElementwiseOps } from '../op-attributes/elementwise.ts'
import {
  broadcastReader,
  broadcastSizes,
  build,
  operand,
  type ReferenceKernels,
  type ReferenceTensor,
} from './kernel.ts'

type Inputs = readonly (ReferenceTensor | undefined)[]

const unary =
  (f: (x: number) => number) =>
  (inputs: Inputs): readonly ReferenceTensor[] => {
    const x = operand(inputs, 0)
    return [{ dtype: x.dtype, shape: x.shape, data: x.data.map(f) }]
  }

const binary =
  (f: (left: number, right: number, dtype: DType) => number, result?: DType) =>
  (inputs: Inputs): readonly ReferenceTensor[] => {
    const left = operand(inputs, 0)
    const right = operand(inputs, 1)
    const [readLeft, readRight] = [broadcastReader(left), broadcastReader(right)]
    const shape = broadcastSizes(left.shape, right.shape)
    return [build(result ?? left.dtype, shape, (index) => f(readLeft(index), readRight(index), left.dtype))]
  }

const isFloating = (dtype: DType): boolean => dtype.startsWith('float') || dtype === 'bfloat16'

const compare = (f: (left: number, right: number) => boolean) => binary((left, right) => Number(f(left, right)), 'bool')

/** erf by the series with positive terms only: 2/sqrt(pi) e^(-x^2) sum of 2^n x^(2n+1) / (2n+1)!!. */
export function errorFunction(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x)
  let term = x
  let sum = x
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n += 1) {
    term *= (2 * x * x) / (2 * n + 1)
    sum += term
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))

const gelu = {
  none: (x: number) => 0.5 * x * (1 + errorFunction(x / Math.SQRT2)),
  tanh: (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
}

const castTo: { readonly [K in DType]: (x: number, from: DType) => number } = {
  float32: Math.fround,
  float16: (x) => halfToNumber(numberToHalf(x)),
  bfloat16: (x) => bfloat16ToNumber(numberToBfloat16(x)),
  int8: (x) => (Math.trunc(x) << 24) >> 24,
  uint8: (x) => Math.trunc(x) & 255,
  int32: Math.trunc,
  int64: Math.trunc,
  bool: (x) => Number(x !== 0),
}

/** Remainder with the sign of the dividend for floats, of the divisor for integers. */
function remainder(left: number, right: number, dtype: DType): number {
  const rest = left % right
  return isFloating(dtype) || rest === 0 || rest < 0 === right < 0 ? rest : rest + right
}

/** Exact elementwise ops. */
export const elementwiseReference = {
  abs: unary(Math.abs),
  negate: unary((x) => -x),
  exp: unary(Math.exp),
  log: unary(Math.log),
  sqrt: unary(Math.sqrt),
  reciprocal: unary((x) => 1 / x),
  tanh: unary(Math.tanh),
  sigmoid: unary(sigmoid),
  erf: unary(errorFunction),
  relu: unary((x) => Math.max(x, 0)),
  softplus: unary((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  floor: unary(Math.floor),
  ceil: unary(Math.ceil),
  round: unary(roundHalfToEven),
  sign: unary(Math.sign),
  sin: unary(Math.sin),
  cos: unary(Math.cos),
  identity: unary((x) => x),
  gelu: (inputs, { approximate }) => unary(gelu[approximate])(inputs),
  quickGelu: (inputs, { alpha }) => unary((x) => x * sigmoid(alpha * x))(inputs),
  clip: (inputs, { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }) =>
    unary((x) => Math.min(Math.max(x, min), max))(inputs),
  cast: (inputs, { to }) => {
    const x = operand(inputs, 0)
    return [{ dtype: to, shape: x.shape, data: x.data.map((value) => castTo[to](value, x.dtype)) }]
  },
  add: binary((left, right) => left + right),
  subtract: binary((left, right) => left - right),
  multiply: binary((left, right) => left * right),
  divide: binary((left, right, dtype) => (isFloating(dtype) ? left / right : Math.trunc(left / right))),
  power: binary((left, right) => left ** right),
  modulo: binary(remainder),
  shiftRight: (inputs, { bits }) => unary((x) => x >> bits)(inputs),
  minimum: binary((left, right) => Math.min(left, right)),
  maximum: binary((left, right) => Math.max(left, right)),
  equal: compare((left, right) => left === right),
  less: compare((left, right) => left < right),
  lessOrEqual: compare((left, right) => left <= right),
  greater: compare((left, right) => left > right),
  greaterOrEqual: compare((left, right) => left >= right),
  and: compare((left, right) => left !== 0 && right !== 0),
  or: compare((left, right) => left !== 0 || right !== 0),
  not: unary((x) => Number(x === 0)),
  where: (inputs) => {
    const [condition, left, right] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)]
    const [test, readLeft, readRight] = [condition, left, right].map(broadcastReader) as [
      (index: readonly number[]) => number,
      (index: readonly number[]) => number,
      (index: readonly number[]) => number,
    ]
    const shape = broadcastSizes(condition.shape, left.shape, right.shape)
    return [build(left.dtype, shape, (index) => (test(index) !== 0 ? readLeft(index) : readRight(index)))]
  },
} satisfies Pick<ReferenceKernels, keyof ElementwiseOps>
