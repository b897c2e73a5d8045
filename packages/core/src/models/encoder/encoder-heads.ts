/** @file Classification heads of encoders. */

import { layerNorm } from '../../graph/composite/layer-norm.ts'
import { tanh } from '../../graph/ops/elementwise.ts'
import type { Value } from '../../graph/value.ts'
import type { BertConfig, EncoderConfig, ModernBertConfig } from './encoder-config.ts'
import { activate, exactLinear } from './encoder-layers.ts'
import type { EncoderWeights } from './encoder-weights.ts'
import { pool } from './pooling.ts'

/** Logits of every token from states [B, T, E]: [B, T, labels]. */
export function tokenLogits(config: EncoderConfig, weights: EncoderWeights, states: Value): Value {
  const input = config.kind === 'modernbert' ? predictionHead(config, weights, states) : states
  return exactLinear(weights, input, 'classifier', { from: config.hiddenSize, to: config.labels.length })
}

/** Logits of each text from states [B, T, E] and mask [B, T]: [B, labels]. */
export function sequenceLogits(
  config: EncoderConfig,
  weights: EncoderWeights,
  states: Value,
  mask: Value | undefined,
): Value {
  if (config.kind === 'bert') return bertSequenceLogits(config, weights, pool(states, mask, 'cls'))
  const pooled = predictionHead(config, weights, pool(states, mask, config.sequencePooling))
  return exactLinear(weights, pooled, 'classifier', { from: config.hiddenSize, to: config.labels.length })
}

/** The first token through a tanh layer, then the classifier: under BERT's names or RoBERTa's. */
function bertSequenceLogits(config: BertConfig, weights: EncoderWeights, first: Value): Value {
  const [dense, output] =
    config.sequenceHead === 'pooler' ? ['pooler.dense', 'classifier'] : ['classifier.dense', 'classifier.out_proj']
  const size = config.hiddenSize
  const pooled = tanh(exactLinear(weights, first, dense!, { from: size, to: size }))
  return exactLinear(weights, pooled, output!, { from: size, to: config.labels.length })
}

function predictionHead(config: ModernBertConfig, weights: EncoderWeights, x: Value): Value {
  const size = config.hiddenSize
  const dense = exactLinear(weights, x, 'head.dense', { from: size, to: size, bias: config.headBias })
  const shift = config.normBias ? weights.weight('head.norm.bias', [size]) : undefined
  const scale = weights.weight('head.norm.weight', [size])
  const activated = activate(dense, config.headActivation)
  return layerNorm(activated, scale, { epsilon: config.normEpsilon, ...(shift && { shift }) }).output
}
