/** @file Pieces of encoder layers: products with a bias, activations, attention over all tokens. */
import { attention } from '../../graph/composite/attention.ts'
import { add, gelu, quickGelu, relu } from '../../graph/ops/elementwise.ts'
import { fusedMatMul } from '../../graph/ops/matmul.ts'
import { reshape, transpose } from '../../graph/ops/movement.ts'
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

/** [B, T, H*D] as [B, H, T, D]. */
export function splitHeads(x: Value, heads: { readonly headCount: number; readonly headDim: number }): Value {
  const [texts, tokens] = x.shape
  return transpose(reshape(x, [texts!, tokens!, heads.headCount, heads.headDim]), [0, 2, 1, 3])
}

/** Attention of every token to every token that the bias admits: heads [B, H, T, D] to [B, T, H*D]. */
export function attendAll(
  query: Value,
  key: Value,
  value: Value,
  bias: Value,
): { readonly output: Value; readonly probabilities: Value } {
  const { output, probabilities } = attention(query, key, value, { bias })
  const [texts, heads, tokens, headDim] = output.shape
  const size = Number(heads) * Number(headDim)
  return { output: reshape(transpose(output, [0, 2, 1, 3]), [texts!, tokens!, size]), probabilities }
}
