import type { CacheSession, LocalModel } from '@lc/core'
import { type CallOptions, seededRandom } from '@lc/model'
import { checkArgument, checkInteger } from '@lc/model/check'
import type { HeadProfile } from './head-profile.ts'
import { type PasskeySample, passkeySample } from './passkey-sample.ts'

/** Options of `findHeadGates`. */
export interface FindHeadGatesOptions extends CallOptions {
  /** Texts with passkeys. Defaults to 4. */
  readonly samples?: number
  /** Tokens of a text. Defaults to 1,024. */
  readonly tokens?: number
  /** Passkeys in a text. Defaults to 3. */
  readonly passkeys?: number
  /** First tokens that a head keeps when it is made a streaming head. Defaults to 16. */
  readonly sinks?: number
  /** Last tokens that it keeps. Defaults to 64. */
  readonly window?: number
  /** Seeds passkeys and depths. Defaults to 0. */
  readonly seed?: number
  /** Text that hides the passkeys, repeated as needed. Defaults to plain sentences. */
  readonly haystack?: string
}

/** The defaults of `findHeadGates`. */
export const findHeadGatesDefaults = Object.freeze({
  samples: 4,
  tokens: 1024,
  passkeys: 3,
  sinks: 16,
  window: 64,
  seed: 0,
} as const)

/**
 * Gates for `duoAttention` without training: how much harder passkeys are to recall when a head, alone of all, keeps only the first and
 * last tokens of the text they are hidden in. A gate is the mean rise of the negative log-likelihood of the passkeys, 0 for a head that
 * is not missed, divided by the largest.
 *
 * The task is that of Xiao et al., "DuoAttention" (ICLR 2025), section 3.2, which learns gates by gradients over all heads at once; the
 * ablation of single heads is our own, and misses heads that stand in for each other. Runs the model once per text, head and question:
 * minutes for a model of 135M parameters and its 90 heads.
 */
export async function findHeadGates(model: LocalModel, options: FindHeadGatesOptions = {}): Promise<HeadProfile> {
  const { samples, tokens, passkeys, sinks, window, seed } = { ...findHeadGatesDefaults, ...options }
  checkInteger(samples, 'samples', { min: 1 })
  checkInteger(passkeys, 'passkeys', { min: 1 })
  checkInteger(sinks, 'sinks', { min: 0 })
  checkInteger(window, 'window', { min: 1 })
  checkInteger(tokens, 'tokens', { min: 1 })
  checkArgument(tokens >= 2 * (sinks + window), 'tokens', tokens, `at least twice the ${sinks + window} that are kept`)
  const random = seededRandom(checkInteger(seed, 'seed'))
  const { layers, kvHeads } = model.config
  const rises = new Float64Array(layers.length * kvHeads)
  for (let sample = 0; sample < samples; sample++) {
    const { haystack } = options
    const made = passkeySample(model.tokenizer, {
      tokens,
      passkeys,
      random,
      ...(haystack !== undefined && { haystack }),
    })
    const ablation = { sinks, window, done: sample, total: samples }
    await addRises(rises, model, made, ablation, options)
  }
  const largest = rises.reduce((most, rise) => Math.max(most, rise), 0)
  const gates = Float32Array.from(rises, (rise) => (largest === 0 ? 0 : Math.max(0, rise) / largest))
  return { layerCount: layers.length, kvHeadCount: kvHeads, gates }
}

async function addRises(
  rises: Float64Array,
  model: LocalModel,
  { context, question, answer }: PasskeySample,
  ablation: { readonly sinks: number; readonly window: number; readonly done: number; readonly total: number },
  { signal, onProgress }: CallOptions,
): Promise<void> {
  const session = model.session()
  try {
    await session.prefill(context, { signal })
    const continuation = [...question, ...answer]
    const cost = async (reading: CacheSession) => {
      const logprobs = await reading.score(continuation, { signal })
      return -logprobs.subarray(question.length).reduce((sum, logprob) => sum + logprob, 0) / answer.length
    }
    const whole = await cost(session)
    const { kvHeads } = model.config
    for (let head = 0; head < rises.length; head++) {
      const fork = session.fork()
      try {
        await fork.edit([streamed(fork, { layer: Math.floor(head / kvHeads), head: head % kvHeads, ...ablation })])
        rises[head] = rises[head]! + (await cost(fork)) - whole
      } finally {
        await fork.close()
      }
      const { done, total } = ablation
      const heads = rises.length
      onProgress?.({
        type: 'progress',
        operation: 'find-gates',
        done: done * heads + head + 1,
        total: total * heads,
        unit: 'steps',
      })
    }
  } finally {
    await session.close()
  }
}

/** One head keeps its first and last slots, the others all of theirs. */
function streamed(
  { cache }: CacheSession,
  { layer, head, sinks, window }: { layer: number; head: number; sinks: number; window: number },
) {
  const slots = Array.from({ length: cache.shape.layers }, (_, own) =>
    Array.from({ length: cache.shape.kvHeads }, (__, other) => {
      const length = cache.lengthOf(own, other)
      const all = own !== layer || other !== head || length <= sinks + window
      return Uint32Array.from({ length: all ? length : sinks + window }, (___, index) =>
        all || index < sinks ? index : length - sinks - window + index,
      )
    }),
  )
  return { type: 'keep', choice: { scope: 'head', slots } } as const
}
