/** @file Pieces of encoder layers: products with a bias, activations, attention over all tokens. */
import { attention } from '../../graph/composite/attention.ts'
import { rope } from '../../graph/composite/rope.ts'
import { multiHeadAttention } from '../../graph/ops/attention.ts'
import { add, gelu, quickGelu, relu } from '../../graph/ops/elementwise.ts'
import { gather } from '../../graph/ops/gather.ts'
import { fusedMatMul } from '../../graph/ops/matmul.ts'
import { reshape, transpose, unsqueeze } from '../../graph/ops/movement.ts'
import { gatherBlockQuantized, matMulNBits } from '../../graph/ops/quantised.ts'
import type { Value } from '../../graph/value.ts'
import type { EncoderActivation } from './encoder-config.ts'
import { type EncoderWeights, packedBlock } from './encoder-weights.ts'
import { int8Product, int8Rows } from './int8-rows.ts'

/** Some linear layers of one input. */
export interface LinearLayers {
  readonly from: number
  readonly to: number
  /** Defaults to true. */
  readonly bias?: boolean
  /** Whether the input has outliers, which 8-bit codes would lose. Defaults to no. */
  readonly outliers?: boolean
}

/** x [.., in] times the transposed weight [out, in] of each name, plus the bias where the model has one. */
export function linears(weights: EncoderWeights, x: Value, names: readonly string[], layers: LinearLayers): Value[] {
  const product = productsOf(weights, x, layers)
  return names.map((name) => {
    const result = product(`${name}.weight`, [layers.to, layers.from])
    return layers.bias === false ? result : add(result, weights.weight(`${name}.bias`, [layers.to]))
  })
}

/** The product of x with any weight, in the form that the model's products have. */
function productsOf(
  weights: EncoderWeights,
  x: Value,
  layers: LinearLayers,
): (name: string, shape: readonly [number, number]) => Value {
  const { products } = weights
  if (products.kind === 'int8') {
    const rows = int8Rows(x, layers.outliers ? 'fine' : 'coarse')
    return (name, shape) => {
      const { data, scales } = weights.int8(name, shape)
      return int8Product(rows, data, scales)
    }
  }
  if (products.kind === 'packed' && layers.from % packedBlock === 0)
    return (name, shape) => {
      const { data, scales } = weights.packed(name, shape, 'blocks')
      return matMulNBits(x, data, scales, { bits: 8, blockSize: packedBlock, accuracyLevel: products.accuracyLevel })
    }
  return (name, shape) => fusedMatMul(x, weights.weight(name, shape), { transposeB: true })
}

/** Rows of an embedding table [count, E] for ids of any shape. */
export function tableRows(weights: EncoderWeights, name: string, shape: readonly [number, number], ids: Value): Value {
  if (weights.products.kind !== 'packed' || shape[1] % packedBlock !== 0)
    return gather(weights.weight(name, shape), ids)
  const { data, scales } = weights.packed(name, shape, 'rows')
  return gatherBlockQuantized(data, ids, scales, { bits: 8, blockSize: packedBlock })
}

/** One linear layer of `linears`. */
export function linear(weights: EncoderWeights, x: Value, name: string, layers: LinearLayers): Value {
  return linears(weights, x, [name], layers)[0]!
}

/** A linear layer in float32 whatever the others are: the small ones at the end. */
export function exactLinear(weights: EncoderWeights, x: Value, name: string, layers: LinearLayers): Value {
  return linear({ ...weights, products: { kind: 'float32' } }, x, name, layers)
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
