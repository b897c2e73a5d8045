/** @file Multi-head attention from plain ops, for providers whose fused kernel is not to be trusted. */
import type { AttentionOps } from '../op-attributes/attention.ts'
import { add, multiply } from '../ops/elementwise.ts'
import { einsum, matMul } from '../ops/matmul.ts'
import { reshape, transpose } from '../ops/movement.ts'
import { softmax } from '../ops/reduction.ts'
import type { Value } from '../value.ts'

/**
 * The results of `multiHeadAttention` on operands in its order; undefined for a form that has no plain one here: causal, or with sizes
 * that are not known.
 */
export function openMultiHeadAttention(
  inputs: readonly (Value | undefined)[],
  attributes: AttentionOps['multiHeadAttention'],
): readonly Value[] | undefined {
  const [query, key, value, bias] = inputs
  const size = query!.shape[2]
  if (attributes.causal || typeof size !== 'number') return undefined
  const { numHeads } = attributes
  const byHead = (x: Value): Value => {
    if (x.shape.length === 4) return x
    const [texts, tokens, width] = x.shape
    return transpose(reshape(x, [texts!, tokens!, numHeads, Number(width) / numHeads]), [0, 2, 1, 3])
  }
  const scale = attributes.scale ?? (size / numHeads) ** -0.5
  const scores = multiply(einsum('bhqd,bhkd->bhqk', byHead(query!), byHead(key!)), scale)
  const weights = softmax(bias ? add(scores, bias) : scores)
  const mixed = transpose(matMul(weights, byHead(value!)), [0, 2, 1, 3])
  const [texts, tokens, , headDim] = mixed.shape
  return [reshape(mixed, [texts!, tokens!, numHeads * Number(headDim)])]
}
