import type { CacheSession, LocalModel, TokenStepsStart } from '@lc/core'
import type { AcceptRule } from './accept-rules.ts'

/** Tokens that may come next. */
export interface Draft {
  readonly ids: readonly number[]
  /** What each token was drawn from, `[V]`, summing to 1. Missing: nothing was drawn, the tokens are a guess. */
  readonly distributions?: readonly Float64Array[]
}

/** What a drafter begins an answer with. */
export interface DraftStart extends TokenStepsStart {
  /** The model that verifies. */
  readonly model: LocalModel
  /** Its session, empty. A drafter that reads the prompt into it gives the logits after it. */
  readonly target: CacheSession
}

/** A drafter at work on one answer. */
export interface DraftRun {
  /** Logits `[V]` after the prompt, where the drafter has read it into the target. */
  readonly promptLogits?: Float32Array
  /** At most `most` tokens behind an answer so far, which has at least one. May give none. */
  draft(answer: readonly number[], most: number): Promise<Draft>
  close(): Promise<void>
}

/** Guesses what a model will say. */
export interface Drafter {
  readonly id: string
  /** The most tokens drafted at once. */
  readonly most: number
  /**
   * `'adaptive'`: twice as many after a draft that was accepted whole, otherwise two more than were accepted; `'constant'`: always the
   * most.
   */
  readonly schedule: 'adaptive' | 'constant'
  /** How drafted tokens are accepted that were drawn from distributions. Defaults to `speculativeSampling`. */
  readonly rule?: AcceptRule
  /** @throws InvalidArgumentError where the drafter does not fit the model */
  start(start: DraftStart): Promise<DraftRun>
}
