import type { JsonObject } from '@lc/model'
import {
  type ModernBertConfig,
  type ModernBertLayer,
  readActivation,
  readEncoderSizes,
} from '../encoder/encoder-config.ts'
import { ConfigReader, isString } from '../read-config.ts'
import { readRope } from '../rope/rope-config.ts'

/** The configuration of ModernBERT, with `rope_parameters` and `layer_types` or with the older keys. */
export function readModernBertConfig(config: JsonObject): ModernBertConfig {
  const reader = new ConfigReader(config)
  const sizes = readEncoderSizes(reader, 50283)
  const contextLength = reader.size('max_position_embeddings', 8192)
  const pooling = reader.string('classifier_pooling', 'cls')
  if (pooling !== 'cls' && pooling !== 'mean') throw reader.problem('classifier_pooling', pooling, 'cls or mean')
  const context = { headDim: sizes.headDim, maxPositions: contextLength }
  const rope = (kind: string, oldField: string, theta: number) =>
    readRope(reader, { ...context, defaultTheta: reader.number(oldField, theta) }, kind)
  return {
    kind: 'modernbert',
    ...sizes,
    activation: readActivation(reader, 'hidden_activation'),
    normEpsilon: reader.number('norm_eps', 1e-5),
    contextLength,
    layers: readLayers(reader, sizes.layerCount),
    ropes: {
      global: rope('full_attention', 'global_rope_theta', 160_000),
      local: rope('sliding_attention', 'local_rope_theta', 10_000),
    },
    normBias: reader.boolean('norm_bias', false),
    attentionBias: reader.boolean('attention_bias', false),
    mlpBias: reader.boolean('mlp_bias', false),
    headBias: reader.boolean('classifier_bias', false),
    headActivation: readActivation(reader, 'classifier_activation'),
    sequencePooling: pooling,
  }
}

function readLayers(reader: ConfigReader, count: number): ModernBertLayer[] {
  // local_attention is the whole window; each side sees half of it
  const reach = Math.floor(reader.size('local_attention', 128) / 2)
  const period = reader.size('global_attn_every_n_layers', 3)
  const types = reader.list('layer_types', count, isString)
  return Array.from({ length: count }, (_, index) => {
    const local = types ? types[index] === 'sliding_attention' : index % period !== 0
    return local ? { reach, rope: 'local' } : { rope: 'global' }
  })
}
