import { checkArgument } from '@lc/model/check'
import { multiplyDimensions } from '../dimension.ts'
import { add, divide, multiply, tanh } from '../ops/elementwise.ts'
import { fusedMatMul, matMul } from '../ops/matmul.ts'
import { reshape } from '../ops/movement.ts'
import { softmax } from '../ops/reduction.ts'
import type { Value } from '../value.ts'

/** Options of `attention`. */
export interface AttentionOptions {
  /** Defaults to 1 / sqrt(D). */
  readonly scale?: number
  /** c in c * tanh(score / c). Defaults to none. */
  readonly softcap?: number
  /** Added to the scores, broadcast to [B, H, T, S]: masks as large negative numbers, position biases. */
  readonly bias?: Value
}

/**
 * Attention from plain ops, with everything in it open: query [B, H, T, D]; key and value [B, G, S, D], each shared by H/G query
 * heads. Order: scale, soft cap, bias, softmax.
 */
export function attention(
  query: Value,
  key: Value,
  value: Value,
  options: AttentionOptions = {},
): { output: Value; probabilities: Value } {
  const [batch, heads, tokens, headDim] = query.shape
  const [, groups, keys] = key.shape
  const known =
    typeof heads === 'number' && typeof groups === 'number' && typeof headDim === 'number' && heads % groups === 0
  checkArgument(known, 'key', key.shape, 'a tensor [B, G, S, D] whose number of heads divides that of the query')
  // the queries of one group are rows of one matrix: keys and values need not be repeated
  const rows = multiplyDimensions(heads / groups, tokens!)
  const grouped = heads === groups ? query : reshape(query, [batch!, groups, rows, headDim])
  const raw = fusedMatMul(grouped, key, { transposeB: true, alpha: options.scale ?? headDim ** -0.5 })
  let scores = heads === groups ? raw : reshape(raw, [batch!, heads, tokens!, keys!])
  if (options.softcap) scores = multiply(tanh(divide(scores, options.softcap)), options.softcap)
  if (options.bias) scores = add(scores, options.bias)
  const probabilities = softmax(scores)
  const weights = heads === groups ? probabilities : reshape(probabilities, [batch!, groups, rows, keys!])
  const mixed = matMul(weights, value)
  return { output: heads === groups ? mixed : reshape(mixed, [batch!, heads, tokens!, value.shape[3]!]), probabilities }
}
