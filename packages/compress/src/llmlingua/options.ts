import type { Accuracy, CallOptions, Scorer, TokenBudget } from '@lc/model'
import { checkArgument, checkInteger, checkNumber, checkOneOf } from '@lc/model/check'
import { resolveBudget } from '../compressor/resolve-budget.ts'
import { type ProtectionOptions, type ResolvedProtection, resolveProtection } from '../prose/protection.ts'

/** Options of `llmLingua`. */
export interface LlmLinguaOptions extends ProtectionOptions {
  scorer: Scorer
  /** Tokens at most, of the scorer's tokenizer or of a named one. In a pipeline the run's budget stands in. */
  budget?: number | TokenBudget | undefined
  /** Tokens of a segment: words are chosen segment by segment, each read after what was kept before it. Defaults to 200. */
  segmentTokens?: number | undefined
  /** Whole passages are dropped until about so many budgets are left for the choice of words. Defaults to 2. */
  granularity?: number | undefined
  /**
   * Whether a segment is read after the words kept so far (`'kept'`, default), or after the unshortened text before it
   * (`'original'`: one pass, faster, of lower quality).
   */
  prefix?: 'kept' | 'original' | undefined
  /** Defaults to `'fast'`. */
  accuracy?: Accuracy | undefined
  /** Tokens read at once. Defaults to 2,048, within the scorer's context. */
  windowTokens?: number | undefined
}

/** Options of `longLlmLingua`: those of `llmLingua` and more. */
export interface LongLlmLinguaOptions extends LlmLinguaOptions {
  /** How much more of the best passages is kept than of the worst: their ratios differ by twice this. Defaults to 0.3. */
  dynamicRatio?: number | undefined
  /** Order of passages: `'original'`, best first (`'relevance'`, default), or the best at both ends (`'both-ends'`). */
  order?: PassageOrder | undefined
  /** Follows the question when passages are ranked, so that a small model stays on the subject. Has a default. */
  restriction?: string | undefined
}

/** In which order passages are given back. */
export type PassageOrder = 'original' | 'relevance' | 'both-ends'

/** The defaults of LLMLingua. */
export const llmLinguaDefaults = Object.freeze({
  segmentTokens: 200,
  granularity: 2,
  prefix: 'kept',
  accuracy: 'fast',
  windowTokens: 2048,
} as const)

/** The defaults of LongLLMLingua, beside those of LLMLingua. */
export const longLlmLinguaDefaults = Object.freeze({
  dynamicRatio: 0.3,
  order: 'relevance',
  restriction: 'The answer to this question is in the text above.',
} as const)

export interface ResolvedLlmLinguaOptions extends CallOptions {
  scorer: Scorer
  budget: TokenBudget
  segmentTokens: number
  granularity: number
  prefix: 'kept' | 'original'
  accuracy: Accuracy
  windowTokens: number
  protection: ResolvedProtection
}

export interface ResolvedLongLlmLinguaOptions extends ResolvedLlmLinguaOptions {
  dynamicRatio: number
  order: PassageOrder
  restriction: string
}

/**
 * Checks options and fills in defaults.
 * @throws InvalidArgumentError
 */
export function resolveLlmLinguaOptions(
  options: LlmLinguaOptions & CallOptions,
  runBudget?: TokenBudget,
): ResolvedLlmLinguaOptions {
  const { scorer, signal, onProgress } = options
  checkArgument(typeof scorer?.score === 'function', 'scorer', scorer, 'a Scorer')
  const defaults = llmLinguaDefaults
  return {
    scorer,
    signal,
    onProgress,
    budget: resolveBudget(options.budget ?? runBudget, scorer.tokenizer),
    segmentTokens: checkInteger(options.segmentTokens ?? defaults.segmentTokens, 'segmentTokens', { min: 8 }),
    granularity: checkNumber(options.granularity ?? defaults.granularity, 'granularity', { min: 1 }),
    prefix: checkOneOf(options.prefix ?? defaults.prefix, 'prefix', ['kept', 'original']),
    accuracy: checkOneOf(options.accuracy ?? defaults.accuracy, 'accuracy', ['exact', 'fast']),
    windowTokens: checkInteger(options.windowTokens ?? defaults.windowTokens, 'windowTokens', { min: 32 }),
    protection: resolveProtection(options),
  }
}

/** As `resolveLlmLinguaOptions`, with what LongLLMLingua adds. */
export function resolveLongLlmLinguaOptions(
  options: LongLlmLinguaOptions & CallOptions,
  runBudget?: TokenBudget,
): ResolvedLongLlmLinguaOptions {
  const defaults = longLlmLinguaDefaults
  return {
    ...resolveLlmLinguaOptions(options, runBudget),
    dynamicRatio: checkNumber(options.dynamicRatio ?? defaults.dynamicRatio, 'dynamicRatio', { min: 0, max: 1 }),
    order: checkOneOf(options.order ?? defaults.order, 'order', ['original', 'relevance', 'both-ends']),
    restriction: options.restriction ?? defaults.restriction,
  }
}
