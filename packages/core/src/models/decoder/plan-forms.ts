/** @file Which form each linear layer takes, by what a program is for, the accuracy asked for, and what the file holds. */
import type { Accuracy } from '@lc/model'
import type { DeviceKind } from '../../runtime/device.ts'
import type { WeightSource } from '../../weights/weight-source.ts'
import type { DecoderConfig } from './decoder-config.ts'
import { canRotate } from './decoder-graph.ts'
import type { ChooseForm, LinearForm, LinearRole } from './linear-form.ts'

/**
 * The programs of a decoder: `prefill` for chunks of prompts, `open` for chunks with any visible keys, `step` for one token with
 * its logits, `verify` for a few tokens with the logits that steps would give, `head` for the probabilities of many rows.
 */
export type DecoderProgramKind = 'prefill' | 'open' | 'step' | 'verify' | 'head'

/** The forms of one program. */
export interface FormPlan {
  readonly choose: ChooseForm
  readonly embedding: LinearForm
  readonly rotated: boolean
}

/** What a plan depends on. */
export interface FormPlanInput {
  readonly config: DecoderConfig
  readonly weights: WeightSource
  readonly device: DeviceKind
  readonly kind: DecoderProgramKind
  readonly accuracy: Accuracy
}

const float32: LinearForm = { kind: 'float32' }

/** Plans the forms of a program. */
export function planForms(input: FormPlanInput): FormPlan {
  const { weights, accuracy, kind } = input
  const embedding = packedTable(weights)
  const manyRows = kind === 'prefill' || kind === 'head'
  if (accuracy === 'exact') {
    // at many rows float32 products are fastest; at one row memory counts, and 4-bit blocks lose nothing
    const choose: ChooseForm = (_, sources) => (manyRows ? float32 : (losslessForm(weights, sources, 4, 0) ?? float32))
    return { choose, embedding, rotated: false }
  }
  // integer products have kernels on the CPU only
  const integers = input.device === 'cpu' || input.device === 'wasm'
  if (manyRows && integers) {
    const rotated = kind === 'head' || canRotate(input.config)
    return { choose: (role) => ({ kind: 'int8', passes: passesOf(role, rotated) }), embedding, rotated }
  }
  const choose: ChooseForm = (_, sources) =>
    losslessForm(weights, sources, 8, 4) ?? quantisedForm(weights, sources) ?? float32
  return { choose, embedding, rotated: false }
}

/** A second pass where activations have outliers: always before `down`, and before what reads a stream that is not rotated. */
function passesOf(role: LinearRole, rotated: boolean): 1 | 2 {
  if (role === 'down') return 2
  return role === 'attention-output' || rotated ? 1 : 2
}

/** The packing that all sources share without loss, with at most `mostBits`. */
function losslessForm(
  weights: WeightSource,
  sources: readonly string[],
  mostBits: 4 | 8,
  accuracyLevel: 0 | 4,
): LinearForm | undefined {
  const packings = sources.map((source) => weights.packing(source))
  const first = packings[0]
  if (first === undefined || first.bits > mostBits) return undefined
  const alike = packings.every(
    (packing) =>
      packing?.bits === first.bits && packing.blockSize === first.blockSize && packing.corrected === first.corrected,
  )
  return alike ? { kind: 'packed', ...first, quantise: false, accuracyLevel } : undefined
}

/** 8-bit blocks of 32 where the rows can be cut so. */
function quantisedForm(weights: WeightSource, sources: readonly string[]): LinearForm | undefined {
  const fits = sources.every((source) => (weights.info(source)?.shape.at(-1) ?? 1) % 32 === 0)
  return fits
    ? { kind: 'packed', bits: 8, blockSize: 32, corrected: false, quantise: true, accuracyLevel: 4 }
    : undefined
}

/** Rows of the embedding table are dequantised as they are read, where its blocks have no offset. */
function packedTable(weights: WeightSource): LinearForm {
  const packing = weights.packing('model.embed_tokens.weight')
  if (!packing || packing.corrected) return float32
  return { kind: 'packed', ...packing, quantise: false, accuracyLevel: 0 }
}
