import { rmsNorm } from '../../graph/composite/rms-norm.ts'
import { swiglu } from '../../graph/composite/swiglu.ts'
import type { Shape } from '../../graph/dimension.ts'
import { rotaryEmbedding } from '../../graph/ops/attention.ts'
import { gelu, multiply } from '../../graph/ops/elementwise.ts'
import { matMul } from '../../graph/ops/matmul.ts'
import { reshape, split } from '../../graph/ops/movement.ts'
import { simplifiedLayerNormalization } from '../../graph/ops/normalisation.ts'
import type { Value } from '../../graph/value.ts'
import type { AttentionMode } from './attention-mode.ts'
import type { DecoderScope } from './decoder-scope.ts'
import { linear } from './linear.ts'

/** The residual stream on its way: `sum` is whole once `pending` is added, which the next norm does in the same node. */
export interface Stream {
  readonly sum: Value
  readonly pending?: Value
}

/** Cosines and sines for a tensor of these sizes: of the new tokens, `[B, T, R/2]`; in a step those of its token for each head, `[G, H/G, R/2]`. */
export type RotaryTables = (shape: Shape) => { readonly cos: Value; readonly sin: Value }

/** What a layer needs besides the stream. */
export interface LayerContext {
  readonly layer: number
  readonly mode: AttentionMode
  readonly rotary: RotaryTables | undefined
  /** Computes attention from rotated queries and keys, and values; `hidden` makes what they were projected from, where it is asked for. */
  attend(query: Value, key: Value, value: Value, hidden: () => Value): Value
}

/** One layer. Gives the new stream, and the stream as the layer found it. */
export function decoderLayer(
  scope: DecoderScope,
  stream: Stream,
  context: LayerContext,
): { next: Stream; found: Value } {
  const prefix = `model.layers.${context.layer}`
  const sandwich = scope.config.norms === 'sandwich'
  const first = norm(scope, stream, `${prefix}.input_layernorm.weight`)
  const attended = attentionBlock(scope, first.output, context, prefix)
  const afterAttention = sandwich ? outerNorm(scope, attended, `${prefix}.post_attention_layernorm.weight`) : attended
  const secondName = sandwich ? 'pre_feedforward_layernorm' : 'post_attention_layernorm'
  const second = norm(scope, { sum: first.sum, pending: afterAttention }, `${prefix}.${secondName}.weight`)
  const fed = feedForward(scope, second.output, prefix, `${prefix}.${secondName}.weight`)
  const pending = sandwich ? outerNorm(scope, fed, `${prefix}.post_feedforward_layernorm.weight`) : fed
  return { next: { sum: second.sum, pending }, found: first.sum }
}

/** The norm at the start of a block, with the residual sum before it. */
export function norm(scope: DecoderScope, stream: Stream, name: string): { output: Value; sum: Value } {
  const options = { epsilon: scope.config.normEpsilon, ...(stream.pending && { residual: stream.pending }) }
  return rmsNorm(stream.sum, scope.normWeight(name), options)
}

/** The output of a norm as the model means it: turned back and weighted where the stream is rotated. */
export function plainStream(scope: DecoderScope, normed: Value, name: string): Value {
  if (!scope.rotated) return normed
  return multiply(matMul(normed, scope.rotationBack()), scope.normWeight(name, scope.config.hiddenSize, false))
}

function outerNorm(scope: DecoderScope, x: Value, name: string): Value {
  return simplifiedLayerNormalization(x, scope.normWeight(name), { epsilon: scope.config.normEpsilon })
}

function attentionBlock(scope: DecoderScope, x: Value, context: LayerContext, prefix: string): Value {
  const { config } = scope
  const [query, key, value] = queryKeyValue(scope, x, prefix)
  const [rotatedQuery, rotatedKey] = positioned(scope, [query!, key!], context, prefix)
  const { kvHeads, headDim } = config
  const step = context.mode === 'step'
  const hidden = () => plainStream(scope, x, `${prefix}.input_layernorm.weight`)
  const shaped = step ? reshape(value!, [kvHeads, headDim, 1]) : value!
  const mixed = context.attend(rotatedQuery!, rotatedKey!, shaped, hidden)
  const [output] = linear(scope, mixed, {
    role: 'attention-output',
    columns: config.heads * headDim,
    parts: [{ name: `${prefix}.self_attn.o_proj`, rows: config.hiddenSize, bias: config.biases.output }],
    rotate: 'rows',
  })
  return output!
}

function queryKeyValue(scope: DecoderScope, x: Value, prefix: string): readonly Value[] {
  const { config } = scope
  const sizes = [config.heads, config.kvHeads, config.kvHeads].map((heads) => heads * config.headDim)
  const group = {
    role: 'query-key-value' as const,
    columns: config.hiddenSize,
    norm: `${prefix}.input_layernorm.weight`,
    rotate: 'columns' as const,
  }
  const bias = config.biases.query
  if (config.fusedWeights) {
    const rows = sizes.reduce((sum, size) => sum + size, 0)
    const [all] = linear(scope, x, { ...group, parts: [{ name: `${prefix}.self_attn.qkv_proj`, rows, bias }] })
    return split(all!, sizes)
  }
  const parts = ['q_proj', 'k_proj', 'v_proj'].map((name, index) => ({
    name: `${prefix}.self_attn.${name}`,
    rows: sizes[index]!,
    bias,
  }))
  return linear(scope, x, { ...group, parts })
}

/** Norms of heads, and the rotation. In a step heads become axes: `[G, H/G, D]`. */
function positioned(
  scope: DecoderScope,
  [query, key]: readonly [Value, Value],
  context: LayerContext,
  prefix: string,
): readonly Value[] {
  const { heads, kvHeads, headDim } = scope.config
  const names = { query: `${prefix}.self_attn.q_norm.weight`, key: `${prefix}.self_attn.k_norm.weight` }
  if (context.mode !== 'step')
    return [
      rotate(scope, headNorm(scope, query, heads, names.query), heads, context),
      rotate(scope, headNorm(scope, key, kvHeads, names.key), kvHeads, context),
    ]
  // the heads take the place of texts and tokens in the rotation, which spares shapes of its own for it
  const perHead = (x: Value, count: number, name: string): Value => {
    const shaped = reshape(x, [kvHeads, count / kvHeads, headDim])
    return rotate(scope, scope.config.queryKeyNorm ? headNormOf(scope, shaped, name) : shaped, 1, context)
  }
  return [perHead(query, heads, names.query), perHead(key, kvHeads, names.key)]
}

function rotate(scope: DecoderScope, x: Value, numHeads: number, { rotary, layer }: LayerContext): Value {
  if (!rotary) return x
  const { rotaryDim } = scope.config.ropes[scope.config.layers[layer]!.rope!]!
  const { cos, sin } = rotary(x.shape)
  return rotaryEmbedding(x, cos, sin, { numHeads, rotaryDim: rotaryDim === scope.config.headDim ? 0 : rotaryDim })
}

function headNorm(scope: DecoderScope, x: Value, heads: number, name: string): Value {
  if (!scope.config.queryKeyNorm) return x
  const { headDim } = scope.config
  const outer: Shape = x.shape.slice(0, -1)
  const normed = headNormOf(scope, reshape(x, [...outer, heads, headDim]), name)
  return reshape(normed, [...outer, heads * headDim])
}

function headNormOf(scope: DecoderScope, x: Value, name: string): Value {
  const weight = scope.normWeight(name, scope.config.headDim, false)
  return simplifiedLayerNormalization(x, weight, { epsilon: scope.config.normEpsilon })
}

function feedForward(scope: DecoderScope, x: Value, prefix: string, normName: string): Value {
  const { config } = scope
  const size = config.intermediateSize
  const group = { role: 'gate-up' as const, columns: config.hiddenSize, norm: normName, rotate: 'columns' as const }
  const bias = config.biases.mlp
  const names = config.fusedWeights ? ['gate_up_proj'] : ['gate_proj', 'up_proj']
  const rows = config.fusedWeights ? 2 * size : size
  const parts = names.map((name) => ({ name: `${prefix}.mlp.${name}`, rows, bias }))
  const products = linear(scope, x, { ...group, parts })
  const [gate, up] = config.fusedWeights ? split(products[0]!, [size, size]) : products
  const active = config.activation === 'silu' ? swiglu(gate!, up!) : multiply(gelu(gate!, { approximate: 'tanh' }), up!)
  const [output] = linear(scope, active, {
    role: 'down',
    columns: size,
    parts: [{ name: `${prefix}.mlp.down_proj`, rows: config.hiddenSize, bias }],
    rotate: 'rows',
  })
  return output!
}
