import type { Accuracy, CallOptions, Scorer, TokenBudget } from '@lc/model'
import { checkArgument, checkInteger, checkNumber, checkOneOf } from '@lc/model/check'
import { resolveBudget } from '../compressor/resolve-budget.ts'
import { type ProtectionOptions, type ResolvedProtection, resolveProtection } from '../prose/protection.ts'

/** `'token'`: tokens of the scorer, as the official program has them; `'word'`: never part of a word. */
export type SelectiveContextUnit = 'token' | 'word' | 'phrase' | 'sentence'

/** Options of `selectiveContext`. */
export interface SelectiveContextOptions extends ProtectionOptions {
  scorer: Scorer
  /** Tokens at most, of the scorer's tokenizer or of a named one. In a pipeline the run's budget stands in. Not needed in mode `'percentile'`. */
  budget?: number | TokenBudget | undefined
  /**
   * `'budget'` (default): the most surprising units that fit. `'percentile'`: as the official program does, each unit whose surprise is
   * not below that of the share `1 - ratio` of all units; numbers and ids are not held together, and the budget is not a bound.
   */
  mode?: 'budget' | 'percentile' | undefined
  /** Mode `'percentile'`: the share of units that is kept, in (0, 1]. Defaults to 0.65. */
  ratio?: number | undefined
  /** What is kept or dropped. Defaults to `'phrase'`. */
  unit?: SelectiveContextUnit | undefined
  /**
   * What comes before a token when its surprise is measured: the text so far (`'document'`, default), or only its sentence, as
   * the official program does.
   */
  context?: 'document' | 'sentence' | undefined
  /** Defaults to `'fast'`. */
  accuracy?: Accuracy | undefined
  /** Tokens read at once. Defaults to 2,048, within the scorer's context. */
  windowTokens?: number | undefined
}

/** The defaults of Selective Context. */
export const selectiveContextDefaults = Object.freeze({
  mode: 'budget',
  ratio: 0.65,
  unit: 'phrase',
  context: 'document',
  accuracy: 'fast',
  windowTokens: 2048,
} as const)

export interface ResolvedSelectiveContextOptions extends CallOptions {
  scorer: Scorer
  budget: TokenBudget
  mode: 'budget' | 'percentile'
  ratio: number
  unit: SelectiveContextUnit
  context: 'document' | 'sentence'
  accuracy: Accuracy
  windowTokens: number
  protection: ResolvedProtection
}

/**
 * Checks options and fills in defaults.
 * @throws InvalidArgumentError
 */
export function resolveSelectiveContextOptions(
  options: SelectiveContextOptions & CallOptions,
  runBudget?: TokenBudget,
): ResolvedSelectiveContextOptions {
  const { scorer, signal, onProgress } = options
  checkArgument(typeof scorer?.score === 'function', 'scorer', scorer, 'a Scorer')
  const defaults = selectiveContextDefaults
  const mode = checkOneOf(options.mode ?? defaults.mode, 'mode', ['budget', 'percentile'])
  return {
    scorer,
    signal,
    onProgress,
    mode,
    ratio: checkNumber(options.ratio ?? defaults.ratio, 'ratio', { min: 0, max: 1 }),
    budget: resolveBudget(options.budget ?? runBudget ?? (mode === 'percentile' ? 0 : undefined), scorer.tokenizer),
    unit: checkOneOf(options.unit ?? defaults.unit, 'unit', ['token', 'word', 'phrase', 'sentence']),
    context: checkOneOf(options.context ?? defaults.context, 'context', ['document', 'sentence']),
    accuracy: checkOneOf(options.accuracy ?? defaults.accuracy, 'accuracy', ['exact', 'fast']),
    windowTokens: checkInteger(options.windowTokens ?? defaults.windowTokens, 'windowTokens', { min: 16 }),
    protection: resolveProtection(options),
  }
}
