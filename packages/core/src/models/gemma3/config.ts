import type { JsonObject } from '@lc/model'
import type { DecoderConfig } from '../decoder/decoder-config.ts'
import { type DecoderConfigOptions, readDecoderConfig } from '../decoder/read-decoder-config.ts'
import { ConfigReader, isString } from '../read-config.ts'
import { readRope } from '../rope/rope-config.ts'

const defaults = {
  vocab_size: 262_208,
  hidden_size: 2304,
  intermediate_size: 9216,
  num_hidden_layers: 26,
  num_attention_heads: 8,
  num_key_value_heads: 4,
  head_dim: 256,
  max_position_embeddings: 131_072,
  hidden_activation: 'gelu_pytorch_tanh',
  query_pre_attn_scalar: 256,
  sliding_window: 4096,
} as const

/** Gemma 3 (the text part): two kinds of layers with a RoPE each, norms around attention and MLP, norm weights less one. */
export function gemma3Config(config: JsonObject, options: DecoderConfigOptions = {}): DecoderConfig {
  const text = new ConfigReader(config).object('text_config')?.config ?? config
  const reader = new ConfigReader({ ...defaults, ...text })
  const attention = reader.boolean('attention_bias', false)
  const queryKey = { query: attention, output: attention, mlp: false }
  const common = readDecoderConfig(reader, { biases: queryKey, queryKeyNorm: true, tiedHead: true }, options)
  const kinds = reader.list('layer_types', common.layers.length, isString)
  const pattern = reader.size('_sliding_window_pattern', reader.size('sliding_window_pattern', 6))
  const window = reader.size('sliding_window')
  const layers = common.layers.map((_, layer) =>
    (kinds ? kinds[layer] === 'sliding_attention' : (layer + 1) % pattern !== 0)
      ? { window, rope: 'sliding' }
      : { rope: 'full' },
  )
  const context = { headDim: common.headDim, maxPositions: common.maxPositions }
  // local layers never scale: their window fits what they were trained on
  const local = { theta: reader.number('rope_local_base_freq', 10_000), rotaryDim: common.headDim }
  const sliding = reader.object('rope_parameters')?.object('sliding_attention')
    ? readRope(reader, { ...context, defaultTheta: local.theta }, 'sliding_attention')
    : { ...local, scaling: { kind: 'none' as const } }
  const full = readRope(
    reader,
    { ...context, defaultTheta: 1_000_000, override: options.ropeScaling },
    'full_attention',
  )
  const attentionSoftcap = reader.optionalNumber('attn_logit_softcapping')
  const finalSoftcap = reader.optionalNumber('final_logit_softcapping')
  return {
    ...common,
    layers,
    ropes: { full, sliding },
    embeddingScale: Math.sqrt(common.hiddenSize),
    queryScale: reader.number('query_pre_attn_scalar') ** -0.5,
    norms: 'sandwich',
    shiftedNorms: true,
    ...(attentionSoftcap && { attentionSoftcap }),
    ...(finalSoftcap && { finalSoftcap }),
  }
}
