import type { DType } from '../../graph/dtype.ts'
import type { OpName } from '../../graph/op.ts'
import {
  abs,
  add,
  and,
  cast,
  ceil,
  clip,
  cos,
  divide,
  equal,
  erf,
  exp,
  floor,
  gelu,
  greater,
  greaterOrEqual,
  identity,
  less,
  lessOrEqual,
  log,
  maximum,
  minimum,
  modulo,
  multiply,
  negate,
  not,
  or,
  power,
  quickGelu,
  reciprocal,
  relu,
  round,
  shiftRight,
  sigmoid,
  sign,
  sin,
  softplus,
  sqrt,
  subtract,
  tanh,
  where,
} from '../../graph/ops/elementwise.ts'
import type { Value } from '../../graph/value.ts'
import { given, numbers, type OpCase, opCase } from '../op-case.ts'

type Unary = (x: Value) => Value
type Binary = (left: Value, right: Value) => Value

const unary: readonly (readonly [OpName, Unary])[] = [
  ['abs', abs],
  ['negate', negate],
  ['exp', exp],
  ['reciprocal', reciprocal],
  ['tanh', tanh],
  ['sigmoid', sigmoid],
  ['erf', erf],
  ['relu', relu],
  ['softplus', softplus],
  ['floor', floor],
  ['ceil', ceil],
  ['sin', sin],
  ['cos', cos],
  ['identity', identity],
]

const binary: readonly (readonly [OpName, Binary])[] = [
  ['add', add],
  ['subtract', subtract],
  ['multiply', multiply],
  ['divide', divide],
  ['minimum', minimum],
  ['maximum', maximum],
]

const comparisons: readonly (readonly [OpName, Binary])[] = [
  ['equal', equal],
  ['less', less],
  ['lessOrEqual', lessOrEqual],
  ['greater', greater],
  ['greaterOrEqual', greaterOrEqual],
]

const noKernel = 'no kernel on this provider'

/** Each element is a power of two away from a tie, or a tie. */
const halves = Float32Array.of(-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.25, -3.75, 7)

const conversions: readonly (readonly [DType, DType])[] = [
  ['float32', 'int32'],
  ['float32', 'int64'],
  ['float32', 'uint8'],
  ['float32', 'bool'],
  ['uint8', 'float32'],
  ['int8', 'float32'],
  ['int32', 'float32'],
  ['int32', 'int64'],
  ['int64', 'int32'],
  ['bool', 'float32'],
  ['float32', 'float16'],
  ['float16', 'float32'],
]

// conversions that the WebGPU provider has: the others would go through the CPU
const webgpuConversions = new Set([
  'uint8>float32',
  'float32>int32',
  'int32>float32',
  'int32>int64',
  'float32>uint8',
  'bool>float32',
  'float32>bool',
])

function conversionCase([from, to]: readonly [DType, DType]): OpCase {
  const x = numbers([3, 5], {
    dtype: from,
    from: from === 'uint8' || to === 'uint8' || from === 'bool' ? 0 : -9,
    to: from === 'bool' ? 2 : 100,
  })
  const unsupported = webgpuConversions.has(`${from}>${to}`) ? {} : { webgpu: noKernel }
  return opCase('cast', { x }, (values) => cast(values.x, to), { note: `to ${to}`, unsupported })
}

/** Cases of elementwise ops. */
export function elementwiseCases(): readonly OpCase[] {
  const bools = numbers([2, 1, 4], { dtype: 'bool', from: 0 })
  const otherBools = numbers([3, 1], { dtype: 'bool', from: 0 })
  return [
    // sine and cosine of software adapters are good to four digits
    ...unary.map(([op, apply]) =>
      opCase(op, { x: numbers(['B=2', 'T=3', 5]) }, ({ x }) => apply(x), {
        tolerances: { webgpu: op === 'sin' || op === 'cos' ? 1e-3 : 1e-5 },
      }),
    ),
    ...unary
      .slice(0, 2)
      .map(([op, apply]) => opCase(op, { x: numbers([7], { dtype: 'int32', from: -9, to: 9 }) }, ({ x }) => apply(x))),
    opCase('tanh', { x: numbers([2, 9], { dtype: 'float16' }) }, ({ x }) => tanh(x), {
      unsupported: { webgpu: 'needs shader-f16' },
    }),
    opCase('log', { x: numbers([4, 5], { from: 0.1, to: 9 }) }, ({ x }) => log(x)),
    opCase('sqrt', { x: numbers([4, 5], { from: 0, to: 9 }) }, ({ x }) => sqrt(x)),
    opCase('sign', { x: numbers([9]) }, ({ x }) => sign(x)),
    // on WebGPU ties go up instead of to even
    opCase('round', { x: given(halves, [3, 3], 'float32') }, ({ x }) => round(x), {
      note: 'of ties',
      tolerances: { webgpu: 0.2 },
    }),
    opCase('round', { x: numbers([3, 7], { from: -9, to: 9 }) }, ({ x }) => round(x)),
    opCase('gelu', { x: numbers([3, 8]) }, ({ x }) => gelu(x)),
    opCase('gelu', { x: numbers([3, 8]) }, ({ x }) => gelu(x, { approximate: 'tanh' }), { note: 'by tanh' }),
    opCase('quickGelu', { x: numbers([3, 8]) }, ({ x }) => quickGelu(x)),
    opCase('quickGelu', { x: numbers([3, 8]) }, ({ x }) => quickGelu(x, { alpha: 1.702 }), {
      note: 'with alpha 1.702',
    }),
    opCase('clip', { x: numbers([3, 8]) }, ({ x }) => clip(x, { min: -0.5, max: 1.25 })),
    opCase('clip', { x: numbers([3, 8]) }, ({ x }) => clip(x, { min: 0 }), { note: 'from below' }),
    ...conversions.map(conversionCase),
    ...binary.map(([op, apply]) => {
      const right = numbers([3, 1], { from: 0.5, to: 3 })
      return opCase(op, { left: numbers(['B=2', 1, 4]), right }, ({ left, right }) => apply(left, right))
    }),
    ...binary.map(([op, apply]) => {
      const operands = {
        left: numbers([2, 3], { dtype: 'int32', from: -9, to: 9 }),
        right: numbers([3], { dtype: 'int32', from: 1, to: 5 }),
      }
      return opCase(op, operands, ({ left, right }) => apply(left, right))
    }),
    opCase('add', { left: numbers([2, 3], { dtype: 'int64', from: -9, to: 9 }) }, ({ left }) => add(left, 7), {
      note: 'of a number',
      unsupported: { webgpu: noKernel },
    }),
    opCase('add', { left: numbers([2, 3], { dtype: 'float16' }) }, ({ left }) => add(left, 0.1), {
      note: 'of a number',
      unsupported: { webgpu: 'needs shader-f16' },
    }),
    opCase('power', { left: numbers([2, 3], { from: 0.1 }), right: numbers([3]) }, ({ left, right }) =>
      power(left, right),
    ),
    opCase('shiftRight', { x: numbers([2, 9], { dtype: 'uint8', from: 0, to: 256 }) }, ({ x }) => shiftRight(x, 4)),
    opCase('modulo', { left: numbers([9], { from: -9, to: 9 }) }, ({ left }) => modulo(left, 2.5)),
    opCase('modulo', { left: numbers([9], { dtype: 'int32', from: -9, to: 9 }) }, ({ left }) => modulo(left, 4), {
      unsupported: { webgpu: noKernel },
    }),
    ...comparisons.map(([op, apply]) => {
      const operands = {
        left: numbers([4, 5], { dtype: 'int32', from: 0, to: 4 }),
        right: numbers([5], { dtype: 'int32', from: 0, to: 4 }),
      }
      return opCase(op, operands, ({ left, right }) => apply(left, right))
    }),
    ...comparisons.map(([op, apply]) =>
      opCase(op, { left: numbers([4, 5]), right: numbers([4, 1]) }, ({ left, right }) => apply(left, right)),
    ),
    opCase('and', { left: bools, right: otherBools }, ({ left, right }) => and(left, right)),
    opCase('or', { left: bools, right: otherBools }, ({ left, right }) => or(left, right)),
    opCase('not', { x: bools }, ({ x }) => not(x)),
    opCase('where', { test: otherBools, left: numbers([2, 3, 4]), right: numbers([4]) }, ({ test, left, right }) =>
      where(test, left, right),
    ),
    opCase('where', { test: bools, left: numbers([2, 3, 4]) }, ({ test, left }) => where(test, left, -1e9), {
      note: 'of a number',
    }),
  ]
}
