/** @file BERT's layers (Devlin et al. 2019), also those of RoBERTa and XLM-RoBERTa, as a graph. */
import { layerNorm } from '../../graph/composite/layer-norm.ts'
import { add } from '../../graph/ops/elementwise.ts'
import { gather } from '../../graph/ops/gather.ts'
import { slice } from '../../graph/ops/movement.ts'
import type { Value } from '../../graph/value.ts'
import type { EncoderBody } from '../encoder/encoder-body.ts'
import type { BertConfig } from '../encoder/encoder-config.ts'
import { type EncoderInputs, paddingBias } from '../encoder/encoder-inputs.ts'
import { activate, attendAll, linear, linears, tableRows } from '../encoder/encoder-layers.ts'
import type { EncoderWeights } from '../encoder/encoder-weights.ts'

/** The layers of a BERT model over the given inputs. */
export function bertBody(config: BertConfig, inputs: EncoderInputs, weights: EncoderWeights): EncoderBody {
  const bias = paddingBias(inputs.mask)
  let x = embed(config, inputs, weights)
  const hidden = [x]
  const attention: Value[] = []
  for (let index = 0; index < config.layerCount; index += 1) {
    const name = `encoder.layer.${index}`
    const attended = attend(config, weights, `${name}.attention`, { x, bias })
    if (attended.probabilities) attention.push(attended.probabilities)
    const middle = normed(config, weights, `${name}.attention.output.LayerNorm`, attended.output, x)
    x = normed(config, weights, `${name}.output.LayerNorm`, feedForward(config, weights, name, middle), middle)
    hidden.push(x)
  }
  return { last: x, hidden, attention }
}

function embed(config: BertConfig, inputs: EncoderInputs, weights: EncoderWeights): Value {
  const { hiddenSize: size, vocabularySize, positionCount, typeCount } = config
  const words = tableRows(weights, 'embeddings.word_embeddings.weight', [vocabularySize, size], inputs.ids)
  const positionTable = weights.weight('embeddings.position_embeddings.weight', [positionCount, size])
  const typeTable = weights.weight('embeddings.token_type_embeddings.weight', [typeCount, size])
  const types = inputs.types ? gather(typeTable, inputs.types) : slice(typeTable, { axis: 0, start: 0, end: 1 })
  const sum = add(add(words, types), gather(positionTable, inputs.positions))
  return normed(config, weights, 'embeddings.LayerNorm', sum)
}

function attend(
  config: BertConfig,
  weights: EncoderWeights,
  name: string,
  state: { readonly x: Value; readonly bias: Value | undefined },
): { readonly output: Value; readonly probabilities?: Value } {
  const size = config.hiddenSize
  const names = ['query', 'key', 'value'].map((part) => `${name}.self.${part}`)
  const [query, key, value] = linears(weights, state.x, names, { from: size, to: size }) as [Value, Value, Value]
  const attended = attendAll({ query, key, value }, config, state.bias)
  return { ...attended, output: linear(weights, attended.output, `${name}.output.dense`, { from: size, to: size }) }
}

function feedForward(config: BertConfig, weights: EncoderWeights, name: string, x: Value): Value {
  const { hiddenSize: size, intermediateSize: wide } = config
  const inner = activate(linear(weights, x, `${name}.intermediate.dense`, { from: size, to: wide }), config.activation)
  return linear(weights, inner, `${name}.output.dense`, { from: wide, to: size, outliers: true })
}

function normed(config: BertConfig, weights: EncoderWeights, name: string, x: Value, residual?: Value): Value {
  const scale = weights.weight(`${name}.weight`, [config.hiddenSize])
  const shift = weights.weight(`${name}.bias`, [config.hiddenSize])
  return layerNorm(x, scale, { epsilon: config.normEpsilon, shift, ...(residual && { residual }) }).output
}
