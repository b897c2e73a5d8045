import type { JsonObject } from '@lc/model'
import { ConfigReader, isNumber } from '../read-config.ts'

/** How rotary frequencies are stretched beyond the length that a model was trained on. */
export type RopeScaling =
  | { readonly kind: 'none' }
  /** Position interpolation (Chen et al. 2023). */
  | { readonly kind: 'linear'; readonly factor: number }
  /** NTK-aware scaling, the same for every length ("NTK-aware scaled RoPE", 2023): high frequencies stay, the lowest is divided. */
  | { readonly kind: 'ntk'; readonly factor: number }
  /** NTK-aware scaling that grows with the length. */
  | { readonly kind: 'dynamic'; readonly factor: number; readonly trainedLength: number }
  /** Llama 3.1's three bands of wavelengths. */
  | {
      readonly kind: 'llama3'
      readonly factor: number
      readonly lowFrequencyFactor: number
      readonly highFrequencyFactor: number
      readonly trainedLength: number
    }
  /** YaRN (Peng et al. 2023). */
  | {
      readonly kind: 'yarn'
      readonly factor: number
      readonly trainedLength: number
      readonly betaFast: number
      readonly betaSlow: number
      /** Whether the borders of the ramp are rounded to whole dimensions. */
      readonly truncate: boolean
      readonly attentionFactor: number
    }
  /** LongRoPE (Ding et al. 2024): a divisor per frequency, one set for short and one for long texts. */
  | {
      readonly kind: 'longrope'
      readonly shortFactors: readonly number[]
      readonly longFactors: readonly number[]
      readonly trainedLength: number
      readonly attentionFactor: number
    }

/** Rotary positions of a layer. */
export interface RopeConfig {
  readonly theta: number
  /** R: the leading elements of each head that are rotated. */
  readonly rotaryDim: number
  readonly scaling: RopeScaling
}

/** What the reading of RoPE fields needs to know of the model. */
export interface RopeContext {
  readonly headDim: number
  readonly maxPositions: number
  readonly defaultTheta: number
  /** Overrides what the configuration says of scaling, for example `{ rope_type: 'yarn', factor: 4 }`. */
  readonly override?: JsonObject | undefined
}

/**
 * Reads `rope_parameters` (transformers 5; `layerKind` names its entry where it has one per kind of layer), or `rope_theta`
 * and `rope_scaling` (before).
 */
export function readRope(reader: ConfigReader, context: RopeContext, layerKind?: string): RopeConfig {
  const parameters = reader.object('rope_parameters')
  const own = (layerKind === undefined ? undefined : parameters?.object(layerKind)) ?? parameters
  const theta = own?.optionalNumber('rope_theta') ?? reader.optionalNumber('rope_theta') ?? context.defaultTheta
  const partial = own?.optionalNumber('partial_rotary_factor') ?? reader.optionalNumber('partial_rotary_factor') ?? 1
  const rotaryDim = Math.floor(context.headDim * partial)
  if (theta <= 0 || rotaryDim < 2 || rotaryDim > context.headDim || rotaryDim % 2 !== 0)
    throw reader.problem('rope_theta', theta, 'positive, with an even number of rotated dimensions')
  const scalingReader = context.override
    ? new ConfigReader(context.override, 'ropeScaling')
    : (own ?? reader.object('rope_scaling'))
  const scaling = scalingReader ? readScaling(scalingReader, reader, context, rotaryDim) : { kind: 'none' as const }
  return { theta, rotaryDim, scaling }
}

function readScaling(own: ConfigReader, model: ConfigReader, context: RopeContext, rotaryDim: number): RopeScaling {
  const kind = own.string('rope_type', own.string('type', 'default'))
  const trained =
    own.optionalNumber('original_max_position_embeddings') ?? model.optionalNumber('original_max_position_embeddings')
  const trainedLength = trained ?? context.maxPositions
  switch (kind) {
    case 'default':
    case 'none':
      return { kind: 'none' }
    case 'linear':
      return { kind: 'linear', factor: positive(own, 'factor') }
    case 'ntk':
      return { kind: 'ntk', factor: positive(own, 'factor') }
    case 'dynamic':
      // grows from the length of the model, whatever it was trained on
      return { kind: 'dynamic', factor: positive(own, 'factor'), trainedLength: context.maxPositions }
    case 'llama3':
      return {
        kind: 'llama3',
        factor: positive(own, 'factor'),
        lowFrequencyFactor: own.number('low_freq_factor', 1),
        highFrequencyFactor: own.number('high_freq_factor', 4),
        trainedLength,
      }
    case 'yarn':
      return readYarn(own, trainedLength)
    case 'longrope':
    case 'su':
      return readLongRope(own, trainedLength, context.maxPositions, rotaryDim)
    default:
      throw own.problem('rope_type', kind, 'one of default, linear, ntk, dynamic, llama3, yarn, longrope')
  }
}

function readYarn(own: ConfigReader, trainedLength: number): RopeScaling {
  const factor = positive(own, 'factor')
  const stretch = (weight: number): number => (factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1)
  const [mscale, mscaleAll] = [own.optionalNumber('mscale'), own.optionalNumber('mscale_all_dim')]
  const derived = mscale && mscaleAll ? stretch(mscale) / stretch(mscaleAll) : stretch(1)
  return {
    kind: 'yarn',
    factor,
    trainedLength,
    betaFast: own.optionalNumber('beta_fast') ?? 32,
    betaSlow: own.optionalNumber('beta_slow') ?? 1,
    truncate: own.boolean('truncate', true),
    attentionFactor: own.optionalNumber('attention_factor') ?? derived,
  }
}

function readLongRope(own: ConfigReader, trainedLength: number, maxPositions: number, rotaryDim: number): RopeScaling {
  const [shortFactors, longFactors] = (['short_factor', 'long_factor'] as const).map((field) => {
    const factors = own.list(field, rotaryDim / 2, isNumber)
    if (factors?.every((factor) => factor > 0)) return factors
    throw own.problem(field, own.config[field], `an array of ${rotaryDim / 2} positive numbers`)
  }) as [number[], number[]]
  const stretch = own.optionalNumber('factor') ?? maxPositions / trainedLength
  const derived = stretch <= 1 ? 1 : Math.sqrt(1 + Math.log(stretch) / Math.log(trainedLength))
  const attentionFactor = own.optionalNumber('attention_factor') ?? derived
  return { kind: 'longrope', shortFactors, longFactors, trainedLength, attentionFactor }
}

function positive(reader: ConfigReader, field: string): number {
  const value = reader.number(field)
  if (value > 0) return value
  throw reader.problem(field, value, 'a positive number')
}
