import type { Accuracy, CallOptions } from '@lc/model'
import type { SamplerSettings } from '../../generate/sampler.ts'

/** What the steps of an answer begin with. */
export interface TokenStepsStart extends CallOptions {
  /** Token ids of the prompt, at least one. */
  readonly prompt: Uint32Array
  /** The most tokens that will be asked for. */
  readonly limit: number
  readonly accuracy: Accuracy
  readonly sampler: SamplerSettings
  /** A seeded source of numbers in [0, 1), apart from the one that tokens are drawn with. */
  readonly random: () => number
  /** The cache policy of the request. Missing: none. */
  readonly policy?: unknown
}

/** The steps of one answer in place of the model's own: how speculative decoding comes in. */
export interface TokenSteps {
  /** Logits `[V]` of what follows: of the prompt first, then after each token. The array may be changed. */
  next(id?: number): Promise<Float32Array>
  /**
   * Chooses a token from logits to which penalties were applied, in place of the sampler; undefined leaves it to the sampler. Not asked
   * where an output is constrained.
   */
  choose?(logits: Float32Array, random: () => number): number | undefined
  close(): Promise<void>
}

/** Options of `LocalModel.generate` and `stream` besides the request. */
export interface GenerateOptions {
  /** Begins the steps of an answer. Defaults to the model's own, one run per token. Requests then have one answer and no cache key. */
  readonly steps?: (start: TokenStepsStart) => Promise<TokenSteps>
}
