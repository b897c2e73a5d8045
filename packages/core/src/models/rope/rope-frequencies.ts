/**
 * @file Rotary frequencies and their scaling: linear (Chen et al. 2023), NTK-aware, dynamic NTK, Llama 3's bands, YaRN (Peng et al.
 * 2023), LongRoPE (Ding et al. 2024). Computed in float64.
 */
import type { RopeConfig, RopeScaling } from './rope-config.ts'

/** Angles per position, and the factor on cosines and sines. */
export interface RopeFrequencies {
  /** [R/2] */
  readonly inverse: Float64Array
  readonly attentionFactor: number
}

/**
 * The frequencies for texts of a length (in tokens, planned or reached): dynamic and longrope scaling depend on it, and keys
 * of one cache must share one choice.
 */
export function ropeFrequencies(rope: RopeConfig, length: number): RopeFrequencies {
  const { scaling } = rope
  const inverse = plain(rope.theta, rope.rotaryDim)
  switch (scaling.kind) {
    case 'none':
      return { inverse, attentionFactor: 1 }
    case 'linear':
      return { inverse: inverse.map((frequency) => frequency / scaling.factor), attentionFactor: 1 }
    case 'ntk':
      return { inverse: plain(ntkTheta(rope, scaling.factor), rope.rotaryDim), attentionFactor: 1 }
    case 'dynamic':
      return { inverse: plain(dynamicTheta(rope, scaling, length), rope.rotaryDim), attentionFactor: 1 }
    case 'llama3':
      return { inverse: inverse.map((frequency) => llama3Frequency(frequency, scaling)), attentionFactor: 1 }
    case 'yarn':
      return { inverse: yarn(inverse, rope, scaling), attentionFactor: scaling.attentionFactor }
    case 'longrope': {
      const factors = length > scaling.trainedLength ? scaling.longFactors : scaling.shortFactors
      const inverseScaled = inverse.map((frequency, index) => frequency / factors[index]!)
      return { inverse: inverseScaled, attentionFactor: scaling.attentionFactor }
    }
  }
}

/** Whether the frequencies depend on the length of the text. */
export function dependsOnLength(rope: RopeConfig): boolean {
  return rope.scaling.kind === 'dynamic' || rope.scaling.kind === 'longrope'
}

function plain(theta: number, rotaryDim: number): Float64Array {
  return Float64Array.from({ length: rotaryDim / 2 }, (_, index) => theta ** ((-2 * index) / rotaryDim))
}

function dynamicTheta(rope: RopeConfig, scaling: Extract<RopeScaling, { kind: 'dynamic' }>, length: number): number {
  const stretch = Math.max(length, scaling.trainedLength) / scaling.trainedLength
  const base = scaling.factor * stretch - (scaling.factor - 1)
  return ntkTheta(rope, base)
}

/** The base at which the lowest frequency is divided by the factor. */
function ntkTheta({ theta, rotaryDim }: RopeConfig, factor: number): number {
  return theta * factor ** (rotaryDim / (rotaryDim - 2))
}

function llama3Frequency(frequency: number, scaling: Extract<RopeScaling, { kind: 'llama3' }>): number {
  const wavelength = (2 * Math.PI) / frequency
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, trainedLength } = scaling
  if (wavelength < trainedLength / high) return frequency
  if (wavelength > trainedLength / low) return frequency / factor
  const smooth = (trainedLength / wavelength - low) / (high - low)
  return frequency * ((1 - smooth) / factor + smooth)
}

function yarn(inverse: Float64Array, rope: RopeConfig, scaling: Extract<RopeScaling, { kind: 'yarn' }>): Float64Array {
  const { theta, rotaryDim } = rope
  // the dimension whose frequency turns `rotations` times within the trained length
  const dimensionOf = (rotations: number): number =>
    (rotaryDim * Math.log(scaling.trainedLength / (2 * Math.PI * rotations))) / (2 * Math.log(theta))
  let [low, high] = [dimensionOf(scaling.betaFast), dimensionOf(scaling.betaSlow)]
  if (scaling.truncate) [low, high] = [Math.floor(low), Math.ceil(high)]
  low = Math.max(low, 0)
  high = Math.min(high, rotaryDim - 1)
  if (low === high) high += 0.001
  return inverse.map((frequency, index) => {
    const ramp = Math.min(Math.max((index - low) / (high - low), 0), 1)
    return (frequency / scaling.factor) * ramp + frequency * (1 - ramp)
  })
}
