/**
 * @file A `config.json` in the Hugging Face form from GGUF metadata, with the defaults that llama.cpp applies where a file
 * is silent.
 */
import type { JsonObject } from '@lc/model'
import { FileFormatError } from '../../errors/file-format-error.ts'
import { UnsupportedModelError } from '../../errors/unsupported-model-error.ts'
import type { GgufMetadata } from './gguf-metadata.ts'
import { ggufArchitectures } from './gguf-names.ts'

/** Tensors that belong to the configuration: divisors of the RoPE frequencies. */
export interface RopeFactors {
  /** `rope_freqs.weight` of Llama 3 files. */
  readonly frequencies?: Float32Array | undefined
  /** `rope_factors_long.weight` and `rope_factors_short.weight` of Phi 3 files. */
  readonly long?: Float32Array | undefined
  readonly short?: Float32Array | undefined
}

/** What a configuration is made from besides the metadata. */
export interface GgufConfigInput {
  readonly metadata: GgufMetadata
  /** Whether the file has `output.weight`; without it the head is the embedding table. */
  readonly hasOutput: boolean
  readonly hasBias: (part: string) => boolean
  /** Rows of `token_embd.weight`. */
  readonly vocabularySize: number
  readonly ropeFactors?: RopeFactors
}

const modelTypes: Readonly<Record<string, string>> = {
  llama: 'llama',
  mistral3: 'mistral',
  smollm3: 'smollm3',
  qwen2: 'qwen2',
  qwen3: 'qwen3',
  gemma3: 'gemma3_text',
  phi3: 'phi3',
  bert: 'bert',
  'modern-bert': 'modernbert',
}

const mostLayers = 4096

/** Reads numbers under the architecture's prefix. */
class Keys {
  readonly metadata: GgufMetadata
  readonly prefix: string
  constructor(metadata: GgufMetadata, prefix: string) {
    this.metadata = metadata
    this.prefix = prefix
  }
  count(key: string): number | undefined {
    return this.metadata.count(`${this.prefix}.${key}`)
  }
  number(key: string): number | undefined {
    return this.metadata.number(`${this.prefix}.${key}`)
  }
  /** The number of layers, within what a file can mean: tables of this length are made. */
  layers(): number {
    const count = this.needed('block_count')
    if (count > mostLayers)
      throw new FileFormatError({
        file: this.metadata.file,
        format: 'gguf',
        problem: `it claims ${count} layers; at most ${mostLayers} are allowed`,
      })
    return count
  }
  needed(key: string): number {
    const value = this.count(key)
    if (value === undefined || value === 0)
      throw new FileFormatError({
        file: this.metadata.file,
        format: 'gguf',
        problem: `metadata ${this.prefix}.${key} is missing or zero`,
      })
    return value
  }
}

/**
 * The configuration of the model in a GGUF file.
 *
 * @throws UnsupportedModelError for an architecture that lc does not know; FileFormatError for missing or impossible sizes.
 */
export function ggufConfig(input: GgufConfigInput): JsonObject {
  const architecture = input.metadata.string('general.architecture') ?? ''
  if (!Object.hasOwn(modelTypes, architecture))
    throw new UnsupportedModelError({ modelType: architecture, supported: [...ggufArchitectures] })
  const keys = new Keys(input.metadata, architecture)
  if (keys.count('expert_count'))
    throw new UnsupportedModelError({ modelType: `${architecture} with experts`, supported: [...ggufArchitectures] })
  if (architecture === 'bert' || architecture === 'modern-bert') return encoderConfig(input, keys, architecture)
  return { ...decoderConfig(input, keys, architecture), ...familyConfig(input, keys, architecture) }
}

/** Query and key-value heads of a decoder file: its rows of q and k are grouped by them. */
export function ggufHeadCounts(metadata: GgufMetadata): { headCount: number; kvHeadCount: number } {
  const keys = new Keys(metadata, metadata.string('general.architecture') ?? '')
  const headCount = keys.needed('attention.head_count')
  const layers = keys.layers()
  const kv = metadata.countPerLayer(`${keys.prefix}.attention.head_count_kv`, layers) ?? headCount
  if (typeof kv !== 'number')
    throw new FileFormatError({
      file: metadata.file,
      format: 'gguf',
      problem: 'the number of key-value heads differs between layers, which no supported family has',
    })
  return { headCount, kvHeadCount: kv || headCount }
}

function decoderConfig(input: GgufConfigInput, keys: Keys, architecture: string): JsonObject {
  const { metadata } = input
  const hidden = keys.needed('embedding_length')
  const layers = keys.layers()
  const { headCount, kvHeadCount } = ggufHeadCounts(metadata)
  const headSize = keys.count('attention.key_length') ?? hidden / headCount
  const feedForward = metadata.countPerLayer(`${keys.prefix}.feed_forward_length`, layers)
  if (!Number.isInteger(headSize) || typeof feedForward !== 'number' || headCount % kvHeadCount !== 0)
    throw new FileFormatError({
      file: metadata.file,
      format: 'gguf',
      problem: 'the sizes of its layers do not fit together',
    })
  const rotary = keys.count('rope.dimension_count') ?? headSize
  return {
    model_type: modelTypes[architecture]!,
    vocab_size: input.vocabularySize,
    hidden_size: hidden,
    intermediate_size: feedForward,
    num_hidden_layers: layers,
    num_attention_heads: headCount,
    num_key_value_heads: kvHeadCount,
    head_dim: headSize,
    hidden_act: 'silu',
    rms_norm_eps: tidy(keys.number('attention.layer_norm_rms_epsilon') ?? 1e-5),
    max_position_embeddings: keys.count('context_length') ?? 2048,
    tie_word_embeddings: !input.hasOutput,
    attention_bias: input.hasBias('attn_q') || input.hasBias('attn_qkv'),
    mlp_bias: input.hasBias('ffn_up'),
    rope_theta: keys.number('rope.freq_base') ?? 10000,
    ...(rotary !== headSize && { partial_rotary_factor: rotary / headSize }),
    ...ropeScaling(input, keys),
    ...tokenIds(metadata),
  }
}

/** A float32 epsilon such as 9.999999747378752e-6 as the decimal it was written from. */
function tidy(value: number): number {
  return Number(value.toPrecision(7))
}

function tokenIds(metadata: GgufMetadata): JsonObject {
  const ids: JsonObject = {}
  for (const [key, name] of [
    ['bos_token_id', 'bos_token_id'],
    ['eos_token_id', 'eos_token_id'],
    ['padding_token_id', 'pad_token_id'],
  ] as const) {
    const value = metadata.count(`tokenizer.ggml.${key}`)
    if (value !== undefined) ids[name] = value
  }
  return ids
}

function ropeScaling(input: GgufConfigInput, keys: Keys): JsonObject {
  const original = keys.count('rope.scaling.original_context_length') ?? keys.count('context_length') ?? 2048
  const attention = keys.number('rope.scaling.attn_factor')
  const { frequencies, long, short } = input.ropeFactors ?? {}
  // divisors of the frequencies say exactly what the longrope form says, whatever formula they came from
  if (frequencies) {
    const factors = Array.from(frequencies)
    return longRope(factors, factors, original, 1)
  }
  if (long && short) return longRope(Array.from(long), Array.from(short), original, attention)
  const type = input.metadata.string(`${keys.prefix}.rope.scaling.type`)
  const factor = keys.number('rope.scaling.factor') ?? keys.number('rope.scale_linear') ?? 1
  if (factor === 1 || factor === 0 || type === 'none') return {}
  if (type === undefined || type === 'linear') return { rope_scaling: { rope_type: 'linear', factor } }
  if (type !== 'yarn')
    throw new FileFormatError({ file: input.metadata.file, format: 'gguf', problem: `RoPE scaling ${type} is unknown` })
  const stretch = attention ?? keys.number('rope.scaling.yarn_attn_factor')
  return {
    rope_scaling: {
      rope_type: 'yarn',
      factor,
      original_max_position_embeddings: original,
      beta_fast: keys.number('rope.scaling.yarn_beta_fast') ?? 32,
      beta_slow: keys.number('rope.scaling.yarn_beta_slow') ?? 1,
      ...(stretch !== undefined && { attention_factor: stretch * (1 + 0.1 * Math.log(factor)) }),
    },
  }
}

function longRope(long: number[], short: number[], original: number, attention: number | undefined): JsonObject {
  return {
    rope_scaling: {
      rope_type: 'longrope',
      long_factor: long,
      short_factor: short,
      original_max_position_embeddings: original,
      ...(attention !== undefined && { attention_factor: attention }),
    },
    original_max_position_embeddings: original,
  }
}

function familyConfig(input: GgufConfigInput, keys: Keys, architecture: string): JsonObject {
  const layers = keys.layers()
  if (architecture === 'gemma3') return gemmaConfig(input, keys, layers)
  if (architecture === 'smollm3')
    return {
      no_rope_layers: Array.from({ length: layers }, (_, i) => ((i + 1) % 4 === 0 ? 0 : 1)),
      use_sliding_window: false,
    }
  if (architecture === 'phi3') {
    const window = keys.count('attention.sliding_window')
    return { sliding_window: window ? window : null }
  }
  if (architecture === 'llama' || architecture === 'mistral3') return { sliding_window: null }
  return { use_sliding_window: false, sliding_window: null }
}

function gemmaConfig(input: GgufConfigInput, keys: Keys, layers: number): JsonObject {
  const headSize =
    keys.count('attention.key_length') ?? keys.needed('embedding_length') / keys.needed('attention.head_count')
  // the 27B model alone scales by the width per head instead of the head size
  const queryScalar = layers === 62 ? keys.needed('embedding_length') / keys.needed('attention.head_count') : headSize
  const patternKey = `${keys.prefix}.attention.sliding_window_pattern`
  const value = input.metadata.get(patternKey)
  const period = typeof value === 'number' && value > 0 ? value : 6
  const flags = typeof value === 'object' ? Array.from(input.metadata.numbers(patternKey) ?? []) : undefined
  return {
    hidden_activation: 'gelu_pytorch_tanh',
    hidden_act: 'gelu_pytorch_tanh',
    rms_norm_eps: tidy(keys.number('attention.layer_norm_rms_epsilon') ?? 1e-6),
    max_position_embeddings: keys.count('context_length') ?? 131072,
    query_pre_attn_scalar: queryScalar,
    rope_theta: keys.number('rope.freq_base') ?? 1e6,
    rope_local_base_freq: keys.number('rope.freq_base_swa') ?? 10000,
    sliding_window: keys.count('attention.sliding_window') ?? 4096,
    layer_types: Array.from({ length: layers }, (_, i) =>
      (flags ? flags[i] : (i + 1) % period !== 0) ? 'sliding_attention' : 'full_attention',
    ),
    final_logit_softcapping: keys.number('final_logit_softcapping') ?? null,
    attn_logit_softcapping: keys.number('attn_logit_softcapping') ?? null,
  }
}

const poolings = ['none', 'mean', 'cls', 'last', 'rank'] as const

function encoderConfig(input: GgufConfigInput, keys: Keys, architecture: string): JsonObject {
  const common: JsonObject = {
    model_type: modelTypes[architecture]!,
    vocab_size: input.vocabularySize,
    hidden_size: keys.needed('embedding_length'),
    intermediate_size: keys.needed('feed_forward_length'),
    num_hidden_layers: keys.layers(),
    num_attention_heads: keys.needed('attention.head_count'),
    max_position_embeddings: keys.needed('context_length'),
    hidden_act: 'gelu',
    ...tokenIds(input.metadata),
  }
  const pooling = keys.count('pooling_type')
  if (pooling !== undefined && pooling < poolings.length) common.lc_pooling = poolings[pooling]!
  if (architecture === 'bert')
    return {
      ...common,
      layer_norm_eps: Number((keys.number('attention.layer_norm_epsilon') ?? 1e-12).toPrecision(7)),
      type_vocab_size: input.metadata.count('tokenizer.ggml.token_type_count') ?? 2,
      position_embedding_type: 'absolute',
    }
  const window = keys.count('attention.sliding_window')
  return {
    ...common,
    norm_eps: Number((keys.number('attention.layer_norm_epsilon') ?? 1e-5).toPrecision(7)),
    norm_bias: false,
    attention_bias: false,
    mlp_bias: false,
    hidden_activation: 'gelu',
    global_attn_every_n_layers: 3,
    local_attention: window ?? 128,
    global_rope_theta: keys.number('rope.freq_base') ?? 160000,
    local_rope_theta: keys.number('rope.freq_base_swa') ?? 10000,
  }
}
