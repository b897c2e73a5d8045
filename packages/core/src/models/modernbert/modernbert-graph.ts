/** @file ModernBERT's layers (Warner et al. 2024) as a graph: norms first, rotary positions, GeGLU, local and global attention. */
import { layerNorm } from '../../graph/composite/layer-norm.ts'
import { add, multiply } from '../../graph/ops/elementwise.ts'
import { split } from '../../graph/ops/movement.ts'
import type { Value } from '../../graph/value.ts'
import type { EncoderBody } from '../encoder/encoder-body.ts'
import type { ModernBertConfig, ModernBertLayer } from '../encoder/encoder-config.ts'
import { type EncoderInputs, joinBiases, paddingBias, windowBias } from '../encoder/encoder-inputs.ts'
import { type AttentionRows, activate, attendAll, linear, rotateRows, tableRows } from '../encoder/encoder-layers.ts'
import type { EncoderWeights } from '../encoder/encoder-weights.ts'
import { localAttention } from './local-attention.ts'

/** The layers of a ModernBERT model over the given inputs. */
export function modernBertBody(config: ModernBertConfig, inputs: EncoderInputs, weights: EncoderWeights): EncoderBody {
  const biases = attentionBiases(config, inputs)
  let x = embed(config, inputs, weights)
  const hidden = [x]
  const attention: Value[] = []
  for (const [index, layer] of config.layers.entries()) {
    const name = `layers.${index}`
    // the embedding norm stands for the first layer's own
    const normal = index === 0 ? x : norm(config, weights, `${name}.attn_norm`, x)
    const attended = attend(config, weights, `${name}.attn`, {
      x: normal,
      inputs,
      layer,
      bias: biases.get(layer.reach)!,
    })
    if (attended.probabilities) attention.push(attended.probabilities)
    x = add(x, attended.output)
    x = add(x, feedForward(config, weights, `${name}.mlp`, norm(config, weights, `${name}.mlp_norm`, x)))
    hidden.push(x)
  }
  return { last: norm(config, weights, 'final_norm', x), hidden, attention }
}

function attentionBiases(config: ModernBertConfig, inputs: EncoderInputs): Map<number | undefined, Value | undefined> {
  const padding = paddingBias(inputs.mask)
  const biases = new Map<number | undefined, Value | undefined>()
  for (const { reach } of config.layers)
    if (!biases.has(reach))
      biases.set(
        reach,
        joinBiases(
          padding,
          reach === undefined || inputs.localBlocks ? undefined : windowBias(inputs.positions, reach),
        ),
      )
  return biases
}

function embed(config: ModernBertConfig, inputs: EncoderInputs, weights: EncoderWeights): Value {
  const shape = [config.vocabularySize, config.hiddenSize] as const
  return norm(
    config,
    weights,
    'embeddings.norm',
    tableRows(weights, 'embeddings.tok_embeddings.weight', shape, inputs.ids),
  )
}

function attend(
  config: ModernBertConfig,
  weights: EncoderWeights,
  name: string,
  state: {
    readonly x: Value
    readonly inputs: EncoderInputs
    readonly layer: ModernBertLayer
    readonly bias: Value | undefined
  },
): { readonly output: Value; readonly probabilities?: Value } {
  const { hiddenSize: size, attentionBias } = config
  const packed = linear(weights, state.x, `${name}.Wqkv`, { from: size, to: 3 * size, bias: attentionBias })
  const [query, key, value] = split(packed, [size, size, size]) as [Value, Value, Value]
  const rotary = state.inputs.rotary(state.layer.rope)
  const rows = { query: rotateRows(query, rotary, config), key: rotateRows(key, rotary, config), value }
  const attended = attention(config, rows, state)
  const output = linear(weights, attended.output, `${name}.Wo`, { from: size, to: size, bias: attentionBias })
  return { ...attended, output }
}

function attention(
  config: ModernBertConfig,
  rows: AttentionRows,
  {
    inputs,
    layer,
    bias,
  }: { readonly inputs: EncoderInputs; readonly layer: ModernBertLayer; readonly bias: Value | undefined },
): { readonly output: Value; readonly probabilities?: Value } {
  if (layer.reach === undefined || !inputs.localBlocks) return attendAll(rows, config, bias)
  return { output: localAttention(rows, config, inputs.localBlocks(layer.reach), inputs.positions) }
}

/** GeGLU: Wo(act(a) * b), where [a, b] = Wi x. */
function feedForward(config: ModernBertConfig, weights: EncoderWeights, name: string, x: Value): Value {
  const { hiddenSize: size, intermediateSize: wide, mlpBias: bias } = config
  const packed = linear(weights, x, `${name}.Wi`, { from: size, to: 2 * wide, bias })
  const [inner, gate] = split(packed, [wide, wide]) as [Value, Value]
  return linear(weights, multiply(activate(inner, config.activation), gate), `${name}.Wo`, {
    from: wide,
    to: size,
    bias,
    outliers: true,
  })
}

function norm(config: ModernBertConfig, weights: EncoderWeights, name: string, x: Value): Value {
  const scale = weights.weight(`${name}.weight`, [config.hiddenSize])
  const shift = config.normBias ? weights.weight(`${name}.bias`, [config.hiddenSize]) : undefined
  return layerNorm(x, scale, { epsilon: config.normEpsilon, ...(shift && { shift }) }).output
}
