import type { LocalModel } from '@lc/core'
import {
  type ContextState,
  createRunContext,
  type GenerateRequest,
  type Passage,
  renderPassages,
  type Stage,
} from '@lc/model'
import { checkArgument, checkInteger, checkNumber } from '@lc/model/check'
import { rapidSampling } from './accept-rules.ts'
import { openDraftSession } from './draft-session.ts'
import type { Drafter } from './drafter.ts'
import { checkSameVocabulary } from './same-vocabulary.ts'

/** Options of `rapid`. */
export interface RapidOptions {
  /** The retrieved passages; or, with `retrieve`, what it retrieves them from. */
  readonly passages: readonly Passage[]
  /** Retrieves or compresses: its result's passages are what the drafter reads. Defaults to all passages. */
  readonly retrieve?: Stage<ContextState, ContextState>
  /** The question that `retrieve` is given. */
  readonly query?: string
  /** The drafter's request: the target's, with this context in place of the long one. Only what makes up a prompt is read. */
  readonly request: (context: string) => Pick<GenerateRequest, 'messages' | 'prompt' | 'continueFinalMessage'>
  /** The drafter. Defaults to the model itself. Stays the caller's. */
  readonly drafter?: LocalModel
  /**
   * How far the target's distribution moves towards the drafter's (eta). The paper searches 5, 10, 20 where the model drafts for itself
   * and 40, 50 where a larger one drafts; its code's defaults disagree, so it must be given. 0 is plain speculative sampling.
   */
  readonly transfer: number
  /** See `RapidRuleOptions`. Defaults to 0.1. */
  readonly threshold?: number
  /** The temperature that the drafter draws at, where the answer is not greedy. Defaults to that of the request. */
  readonly temperature?: number
  /** Tokens drafted at once. Defaults to 10. */
  readonly tokens?: number
  /** Drafting ends at a token less probable than this. Defaults to 0.1. */
  readonly confidence?: number
}

/** The defaults of `rapid`, as in the official code. */
export const rapidDefaults = Object.freeze({ tokens: 10, confidence: 0.1, threshold: 0.1 } as const)

/**
 * RAPID: a drafter that has read only retrieved passages drafts for a model that has read everything, and the model's distribution moves
 * a step towards the drafter's before it verifies: answers are neither of the two models' alone. See `rapidSampling` for the rule.
 *
 * Chen et al., "RAPID: Long-Context Inference with Retrieval-Augmented Speculative Decoding" (ICML 2025). The paper is followed where the
 * code differs: the code moves tokens by the drafter's probability and samples even greedy answers.
 */
export function rapid(options: RapidOptions): Drafter {
  const settings = { ...rapidDefaults, ...options }
  const { passages, retrieve, request, temperature } = options
  checkArgument(passages.length > 0, 'passages', passages, 'at least one passage')
  const confidence = checkNumber(settings.confidence, 'confidence', { min: 0, max: 1 })
  if (temperature !== undefined) checkNumber(temperature, 'temperature', { min: 0.01, max: 100 })
  const { transfer, threshold } = settings
  return {
    id: 'rapid',
    most: checkInteger(settings.tokens, 'tokens', { min: 1, max: 31 }),
    schedule: 'constant',
    rule: rapidSampling({ transfer, threshold }),
    start: async ({ model, limit, accuracy, sampler, random, signal }) => {
      const drafter = options.drafter ?? model
      checkSameVocabulary(model, drafter)
      const given: ContextState = { passages: [...passages], reports: [] }
      if (options.query !== undefined) given.query = options.query
      const state = retrieve ? await retrieve(given, createRunContext({ signal })) : given
      const prompt = drafter.promptIds(request(renderPassages(state.passages).text))
      const drawing = { sampler, random, temperature, confidence, distributions: true }
      return openDraftSession(drafter, { ...drawing, accuracy, prompt, limit, signal })
    },
  }
}
