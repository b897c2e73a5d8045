import type { JsonObject } from '@lc/model'
import type { ConfigReader } from '../read-config.ts'
import { type RopeContext, readRope } from '../rope/rope-config.ts'
import type { DecoderConfig, DecoderLayerConfig } from './decoder-config.ts'

/** Settings of the user that change how a configuration is read. */
export interface DecoderConfigOptions {
  /** Replaces the configuration's scaling of rotary positions, in its own form: `{ rope_type: 'yarn', factor: 4 }`. */
  readonly ropeScaling?: JsonObject | undefined
}

/** Where a family departs from Llama. */
export interface FamilyDefaults {
  readonly normEpsilon?: number
  readonly theta?: number
  readonly tiedHead?: boolean
  readonly biases?: DecoderConfig['biases']
  readonly queryKeyNorm?: boolean
  readonly fusedWeights?: boolean
  readonly kvHeads?: number
  /** Sliding window of a layer; undefined for none. */
  readonly windowOf?: (layer: number) => number | undefined
  /** Whether a layer has rotary positions. Defaults to all. */
  readonly hasRope?: (layer: number) => boolean
}

const activations: Readonly<Record<string, DecoderConfig['activation']>> = {
  silu: 'silu',
  swish: 'silu',
  gelu_pytorch_tanh: 'gelu-tanh',
  gelu_new: 'gelu-tanh',
}

/** The configuration of a Llama-like decoder: what most families share, with each family's defaults. */
export function readDecoderConfig(
  reader: ConfigReader,
  defaults: FamilyDefaults,
  options: DecoderConfigOptions = {},
): DecoderConfig {
  const heads = reader.size('num_attention_heads')
  const hiddenSize = reader.size('hidden_size')
  const kvHeads = reader.size('num_key_value_heads', defaults.kvHeads ?? heads)
  const headDim = reader.size('head_dim', Math.floor(hiddenSize / heads))
  if (heads % kvHeads !== 0) throw reader.problem('num_key_value_heads', kvHeads, `a divisor of ${heads}`)
  const maxPositions = reader.size('max_position_embeddings', 2048)
  const context: RopeContext = {
    headDim,
    maxPositions,
    defaultTheta: defaults.theta ?? 10_000,
    override: options.ropeScaling,
  }
  const layers = Array.from({ length: reader.size('num_hidden_layers') }, (_, layer): DecoderLayerConfig => {
    const window = defaults.windowOf?.(layer)
    return { ...(window && { window }), ...((defaults.hasRope?.(layer) ?? true) && { rope: 'full' }) }
  })
  return {
    modelType: reader.string('model_type', 'llama'),
    vocabularySize: reader.size('vocab_size'),
    hiddenSize,
    intermediateSize: reader.size('intermediate_size'),
    heads,
    kvHeads,
    headDim,
    layers,
    ropes: { full: readRope(reader, context) },
    normEpsilon: reader.number('rms_norm_eps', defaults.normEpsilon ?? 1e-6),
    activation: readActivation(reader),
    embeddingScale: 1,
    queryScale: headDim ** -0.5,
    biases: defaults.biases ?? { query: false, output: false, mlp: false },
    queryKeyNorm: defaults.queryKeyNorm ?? false,
    norms: 'pre',
    shiftedNorms: false,
    fusedWeights: defaults.fusedWeights ?? false,
    tiedHead: reader.boolean('tie_word_embeddings', defaults.tiedHead ?? false),
    maxPositions,
  }
}

export function readActivation(reader: ConfigReader): DecoderConfig['activation'] {
  const name = reader.string('hidden_activation', reader.string('hidden_act', 'silu'))
  const activation = activations[name]
  if (activation === undefined)
    throw reader.problem('hidden_act', name, `one of ${Object.keys(activations).join(', ')}`)
  return activation
}
