import type { JsonObject } from '@lc/model'
import { UnsupportedModelError } from '../../errors/unsupported-model-error.ts'
import { ConfigReader } from '../encoder/config-reader.ts'
import {
  type ModernBertConfig,
  type ModernBertLayer,
  readActivation,
  readEncoderSizes,
} from '../encoder/encoder-config.ts'

/** The configuration of ModernBERT, with `rope_parameters` and `layer_types` or with the older keys. */
export function readModernBertConfig(config: JsonObject): ModernBertConfig {
  const reader = new ConfigReader(config)
  const sizes = readEncoderSizes(reader)
  return {
    kind: 'modernbert',
    ...sizes,
    activation: readActivation(reader, 'hidden_activation'),
    normEpsilon: reader.number('norm_eps', { default: 1e-5 }),
    contextLength: reader.integer('max_position_embeddings', { default: 8192, max: 1 << 22 }),
    layers: readLayers(reader, sizes.layerCount),
    normBias: reader.boolean('norm_bias', { default: false }),
    attentionBias: reader.boolean('attention_bias', { default: false }),
    mlpBias: reader.boolean('mlp_bias', { default: false }),
    headBias: reader.boolean('classifier_bias', { default: false }),
    headActivation: readActivation(reader, 'classifier_activation'),
    sequencePooling: reader.choice('classifier_pooling', ['cls', 'mean'], { default: 'cls' }),
  }
}

function readLayers(reader: ConfigReader, count: number): ModernBertLayer[] {
  // local_attention is the whole window; each side sees half of it
  const reach = Math.floor(reader.integer('local_attention', { default: 128, max: 1 << 22 }) / 2)
  const period = reader.integer('global_attn_every_n_layers', { default: 3 })
  const types = reader.strings('layer_types')
  const globalTheta = readTheta(reader, 'full_attention', 'global_rope_theta', 160_000)
  const localTheta = readTheta(reader, 'sliding_attention', 'local_rope_theta', 10_000)
  return Array.from({ length: count }, (_, index) => {
    const local = types ? types[index] === 'sliding_attention' : index % period !== 0
    return local ? { reach, ropeTheta: localTheta } : { ropeTheta: globalTheta }
  })
}

function readTheta(reader: ConfigReader, layerType: string, oldKey: string, fallback: number): number {
  const parameters = reader.object('rope_parameters')?.[layerType]
  if (typeof parameters !== 'object' || parameters === null || Array.isArray(parameters))
    return reader.number(oldKey, { default: fallback })
  const inner = new ConfigReader(parameters)
  const type = inner.value('rope_type') ?? 'default'
  if (type !== 'default')
    throw new UnsupportedModelError({
      modelType: `modernbert with ${String(type)} rotary scaling`,
      supported: ['default'],
    })
  return inner.number('rope_theta', { default: fallback })
}
