/**
 * @file Substitutes for ops that the WebGPU provider of ONNX Runtime 1.30 has no kernel for, or whose kernel gives other
 * results than the op says. Found by running the device suite there.
 */
import { openGroupQueryAttention } from '../composite/open-group-query-attention.ts'
import { openMultiHeadAttention } from '../composite/open-multi-head-attention.ts'
import { sameDimension } from '../dimension.ts'
import { isFloat } from '../dtype.ts'
import type { GroupQueryAttentionAttributes } from '../op-attributes/attention.ts'
import {
  add,
  and,
  cast,
  ceil,
  clip,
  divide,
  floor,
  greater,
  less,
  maximum,
  multiply,
  not,
  subtract,
  where,
} from '../ops/elementwise.ts'
import { einsum } from '../ops/matmul.ts'
import { concat } from '../ops/movement.ts'
import { reduceLogSumExp } from '../ops/reduction.ts'
import type { Value } from '../value.ts'
import type { RewriteRules } from './rewrite-graph.ts'

/** How much of grouped-query attention is left to the fused kernel. */
export type FusedAttention = 'trusted' | 'untrusted'

/** Whether the fused kernel gives what the op says: measured on WebGPU, each of these comes out wrong or is refused. */
function fusedKernelFits(inputs: readonly (Value | undefined)[], attributes: GroupQueryAttentionAttributes): boolean {
  const { softcap, scores, causal, localWindow, smoothSoftmax } = attributes
  const presentIsZero = inputs[3] === undefined && (localWindow >= 0 || smoothSoftmax)
  const plain = softcap === 0 && scores === 'none' && causal
  return plain && !presentIsZero && inputs[9] === undefined
}

/** An einsum equation for a product of matrices with broadcast batches, either side transposed. */
export function productEquation(left: Value, right: Value, transposeA: boolean, transposeB: boolean): string {
  const rank = Math.max(left.shape.length, right.shape.length)
  const letters = [...'abcdefghijklmn']
  const [first, second]: [string[], string[]] = [[], []]
  const result: string[] = []
  for (let axis = 0; axis < rank - 2; axis += 1) {
    const own = (x: Value) => x.shape[axis - rank + x.shape.length]
    const [sizeA, sizeB] = [own(left), own(right)]
    const shared = letters.shift()!
    // a size of 1 beside a larger one gets a letter of its own, over which the sum has one term
    const split = sizeA !== undefined && sizeB !== undefined && !sameDimension(sizeA, sizeB)
    const spare = split ? letters.shift()! : shared
    if (sizeA !== undefined) first.push(split && sizeA === 1 ? spare : shared)
    if (sizeB !== undefined) second.push(split && sizeB === 1 ? spare : shared)
    result.push(shared)
  }
  const [rows, inner, columns] = ['x', 'y', 'z']
  const a = [...first, ...(transposeA ? [inner, rows] : [rows, inner])].join('')
  const b = [...second, ...(transposeB ? [columns, inner] : [inner, columns])].join('')
  return `${a},${b}->${[...result, rows, columns].join('')}`
}

/** Rules for WebGPU. */
export function webgpuRules(fusedAttention: FusedAttention): RewriteRules {
  return {
    // ties go up instead of to even
    round: ([x]) => [floor(add(x!, 0.5))],
    sign: ([x]) => [where(greater(x!, 0), 1, where(less(x!, 0), -1, multiply(x!, 0)))],
    or: ([left, right]) => [not(and(not(left!), not(right!)))],
    abs: ([x]) => (isFloat(x!.dtype) ? undefined : [maximum(x!, subtract(0, x!))]),
    negate: ([x]) => (isFloat(x!.dtype) ? undefined : [subtract(0, x!)]),
    modulo: ([left, right]) => {
      if (!isFloat(left!.dtype)) return undefined
      const quotient = divide(left!, right!)
      return [subtract(left!, multiply(right!, where(less(quotient, 0), ceil(quotient), floor(quotient))))]
    },
    shiftRight: ([x], { bits }) => [cast(floor(multiply(cast(x!, 'float32'), 2 ** -bits)), 'uint8')],
    concat: (inputs, { axis }) => {
      const values = inputs.filter((input) => input !== undefined)
      if (values[0]!.dtype !== 'uint8') return undefined
      return [
        cast(
          concat(
            values.map((value) => cast(value, 'float32')),
            { axis },
          ),
          'uint8',
        ),
      ]
    },
    logSoftmax: ([x], { axis }) => [subtract(x!, reduceLogSumExp(x!, { axes: [axis] }))],
    fusedMatMul: ([left, right], { alpha, transposeA, transposeB }) => {
      const product = einsum(productEquation(left!, right!, transposeA, transposeB), left!, right!)
      return [alpha === 1 ? product : multiply(product, alpha)]
    },
    quantizeLinear: ([x, scale, zero]) => {
      if (zero!.dtype !== 'uint8' || scale!.shape.length > 0) return undefined
      const code = floor(add(add(divide(x!, scale!), cast(zero!, x!.dtype)), 0.5))
      return [cast(clip(code, { min: 0, max: 255 }), 'uint8')]
    },
    multiHeadAttention: (inputs, attributes) =>
      fusedAttention === 'trusted' ? undefined : openMultiHeadAttention(inputs, attributes),
    groupQueryAttention: (inputs, attributes, used) => {
      // quantised caches are refused with the name of the op later
      if (attributes.keyScale !== 'none' || attributes.valueScale !== 'none') return undefined
      // one token at a time the fused kernel has been right on every adapter
      const trusted = fusedAttention === 'trusted' || inputs[0]!.shape[1] === 1
      if (trusted && fusedKernelFits(inputs, attributes)) return undefined
      const { output, presentKey, presentValue, scores } = openGroupQueryAttention(
        inputs,
        attributes,
        used[1] || used[2] ? 'used' : 'unused',
      )
      return [output, presentKey, presentValue, ...(scores ? [scores] : [])]
    },
  }
}
