/** @file Pieces of encoder layers: products with a bias, activations, attention over all tokens. */
import { attention } from '../../graph/composite/attention.ts'
import { rope } from '../../graph/composite/rope.ts'
import { multiHeadAttention } from '../../graph/ops/attention.ts'
import { add, gelu, quickGelu, relu } from '../../graph/ops/elementwise.ts'
import { fusedMatMul } from '../../graph/ops/matmul.ts'
import { reshape, transpose, unsqueeze } from '../../graph/ops/movement.ts'
import type { Value } from '../../graph/value.ts'
import type { EncoderActivation } from './encoder-config.ts'
import type { EncoderWeights } from './encoder-weights.ts'

/** x [.., in] times the transposed weight [out, in], plus the bias where the model has one. */
export function linear(
  weights: EncoderWeights,
  x: Value,
  name: string,
  sizes: { readonly from: number; readonly to: number; readonly bias?: boolean },
): Value {
  const product = fusedMatMul(x, weights.weight(`${name}.weight`, [sizes.to, sizes.from]), { transposeB: true })
  return sizes.bias === false ? product : add(product, weights.weight(`${name}.bias`, [sizes.to]))
}

/** An activation of the feed-forward part. */
export function activate(x: Value, activation: EncoderActivation): Value {
  if (activation === 'gelu') return gelu(x)
  if (activation === 'gelu-tanh') return gelu(x, { approximate: 'tanh' })
  return activation === 'relu' ? relu(x) : quickGelu(x)
}

/** How rows [B, T, H*D] fall into heads. */
export interface HeadSizes {
  readonly headCount: number
  readonly headDim: number
}

/** Rotary positions of rows [B, T, H*D], with cos and sin [T, D/2]. */
export function rotateRows(x: Value, rows: { readonly cos: Value; readonly sin: Value }, sizes: HeadSizes): Value {
  const [texts, tokens, size] = x.shape
  const heads = reshape(x, [texts!, tokens!, sizes.headCount, sizes.headDim])
  return reshape(rope(heads, unsqueeze(rows.cos, [1]), unsqueeze(rows.sin, [1])), [texts!, tokens!, size!])
}

/** Queries, keys and values, [B, T, H*D] each. */
export interface AttentionRows {
  readonly query: Value
  readonly key: Value
  readonly value: Value
}

/**
 * Attention of every token to every token that the bias admits: [B, T, H*D], and the weights [B, H, T, T]. Without a bias it is one
 * fused node, whose memory grows with the text and not with its square, and which shows no weights.
 */
export function attendAll(
  { query, key, value }: AttentionRows,
  sizes: HeadSizes,
  bias: Value | undefined,
): { readonly output: Value; readonly probabilities?: Value } {
  if (!bias) return { output: multiHeadAttention(query, key, value, { numHeads: sizes.headCount }) }
  const split = (x: Value): Value => {
    const [texts, tokens] = x.shape
    return transpose(reshape(x, [texts!, tokens!, sizes.headCount, sizes.headDim]), [0, 2, 1, 3])
  }
  const { output, probabilities } = attention(split(query), split(key), split(value), { bias })
  return { output: reshape(transpose(output, [0, 2, 1, 3]), query.shape), probabilities }
}
