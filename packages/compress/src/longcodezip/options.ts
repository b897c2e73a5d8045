import type { Accuracy, CallOptions, Scorer, TokenBudget } from '@lc/model'
import { checkArgument, checkInteger, checkNumber, checkOneOf, checkString } from '@lc/model/check'
import type { CodeParsers } from '../code/code-parsers.ts'
import { type Language, languages } from '../code/language.ts'
import type { OmissionStyle } from '../compressor/omission-marker.ts'
import { resolveBudget } from '../compressor/resolve-budget.ts'
import {
  lineProtectionDefaults,
  type ProtectionOptions,
  type ResolvedProtection,
  resolveProtection,
} from '../prose/protection.ts'
import type { SpikeRule } from './split-blocks.ts'

/** Options of `longCodeZip`. Protection holds in mode `'joint'`. */
export interface LongCodeZipOptions extends ProtectionOptions {
  /** Scores code and query; any `Scorer`, local or remote. */
  scorer: Scorer
  /** Tokens at most, of the scorer's tokenizer or of a named one. In a pipeline the run's budget stands in. */
  budget?: number | TokenBudget | undefined
  /** Parsers of code; without them units are found by indentation. In Node.js `nodeCodeParsers()` of `@lc/compress/node`. */
  parsers?: CodeParsers | undefined
  /**
   * `'joint'` (default): one selection over the blocks of all units by log-space relevance, signatures first.
   * `'paper'`: budgets per unit and perplexity differences as in the paper, cut to the budget but not filled up with what the paper leaves out.
   */
  mode?: 'joint' | 'paper' | undefined
  /** Stands before the query when relevance is scored. Defaults to none. */
  instruction?: string | undefined
  /** Overrides the language that the file name tells. */
  language?: Language | undefined
  /** How omissions are marked. Defaults to `'short'`. */
  omission?: OmissionStyle | undefined
  /** Arithmetic of local models. Defaults to `'fast'`. */
  accuracy?: Accuracy | undefined
  /**
   * When the input is more than so many times the budget, the model scores only the units that BM25 ranks first, so many
   * budgets of them. `'off'` scores everything. Defaults to 12; ignored in mode `'paper'`.
   */
  prefilter?: number | 'off' | undefined
  /** The longest sequence scored at once, in tokens; longer units are scored in windows. Defaults to 2,048, within the scorer's context. */
  windowTokens?: number | undefined
  /** Mode `'paper'`: the share that the fine stage keeps of the units that the coarse stage selects, in (0, 1]. Defaults to 0.8. */
  fineRatio?: number | undefined
  /** Mode `'paper'`: how far budgets follow relevance, from 0 (uniform). Defaults to 0.5. */
  beta?: number | undefined
  /** Which line perplexities are block borders. Defaults to `{ kind: 'deviation', alpha: 1 }`. */
  spikes?: SpikeRule | undefined
}

/** The defaults of LongCodeZip. */
export const longCodeZipDefaults = Object.freeze({
  mode: 'joint',
  instruction: '',
  omission: 'short',
  accuracy: 'fast',
  prefilter: 12,
  windowTokens: 2048,
  fineRatio: 0.8,
  beta: 0.5,
  spikes: Object.freeze({ kind: 'deviation', alpha: 1 }),
} as const)

/** Options with all defaults filled in, checked. */
export interface ResolvedLongCodeZipOptions extends CallOptions {
  scorer: Scorer
  budget: TokenBudget
  parsers: CodeParsers | undefined
  mode: 'joint' | 'paper'
  instruction: string
  language: Language | undefined
  omission: OmissionStyle
  accuracy: Accuracy
  prefilter: number
  windowTokens: number
  fineRatio: number
  beta: number
  spikes: SpikeRule
  /** Of mode `'joint'`: the paper's protects nothing. */
  protection: ResolvedProtection | undefined
}

/**
 * Checks options and fills in defaults.
 * @throws InvalidArgumentError
 */
export function resolveLongCodeZipOptions(
  options: LongCodeZipOptions & CallOptions,
  runBudget?: TokenBudget,
): ResolvedLongCodeZipOptions {
  const { scorer, parsers, signal, onProgress } = options
  checkArgument(typeof scorer?.score === 'function', 'scorer', scorer, 'a Scorer')
  const defaults = longCodeZipDefaults
  const prefilter = options.prefilter ?? defaults.prefilter
  return {
    scorer,
    parsers,
    signal,
    onProgress,
    budget: resolveBudget(options.budget ?? runBudget, scorer.tokenizer),
    mode: checkOneOf(options.mode ?? defaults.mode, 'mode', ['joint', 'paper']),
    instruction: checkString(options.instruction ?? defaults.instruction, 'instruction'),
    language: options.language === undefined ? undefined : checkOneOf(options.language, 'language', languages),
    omission: checkOneOf(options.omission ?? defaults.omission, 'omission', ['short', 'counted', 'none']),
    accuracy: checkOneOf(options.accuracy ?? defaults.accuracy, 'accuracy', ['exact', 'fast']),
    prefilter: prefilter === 'off' ? Number.POSITIVE_INFINITY : checkNumber(prefilter, 'prefilter', { min: 1 }),
    windowTokens: checkInteger(options.windowTokens ?? defaults.windowTokens, 'windowTokens', { min: 16 }),
    fineRatio: checkNumber(options.fineRatio ?? defaults.fineRatio, 'fineRatio', { min: 0.01, max: 1 }),
    beta: checkNumber(options.beta ?? defaults.beta, 'beta', { min: 0, max: 10 }),
    spikes: checkSpikes(options.spikes ?? defaults.spikes),
    protection: options.mode === 'paper' ? undefined : resolveProtection(options, lineProtectionDefaults),
  }
}

function checkSpikes(rule: SpikeRule): SpikeRule {
  checkOneOf(rule.kind, 'spikes.kind', ['deviation', 'mean'])
  checkNumber(rule.alpha, 'spikes.alpha', { min: 0.01 })
  return rule
}
