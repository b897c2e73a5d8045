import type { CallOptions, Embedder, Reranker, TokenBudget } from '@lc/model'
import { checkArgument, checkInteger, checkNumber, checkOneOf } from '@lc/model/check'
import type { CodeParsers } from '../code/code-parsers.ts'
import { type Language, languages } from '../code/language.ts'
import type { OmissionStyle } from '../compressor/omission-marker.ts'
import {
  lineProtectionDefaults,
  type ProtectionOptions,
  type ResolvedProtection,
  resolveProtection,
} from '../prose/protection.ts'

/**
 * What decides which units stay. `'bm25'`: words of the query; `'identifiers'`: its names, rare ones more; `'head-tail'`: the
 * beginning and the end; an embedder or a reranker: closeness of meaning.
 */
export type Ranker = 'bm25' | 'identifiers' | 'head-tail' | { embedder: Embedder } | { reranker: Reranker }

/** Options of `noModel`. */
export interface NoModelOptions extends ProtectionOptions {
  /** Tokens at most, in a named tokenizer. In a pipeline the run's budget stands in. */
  budget?: TokenBudget | undefined
  /** Defaults to `'bm25'`. */
  ranker?: Ranker | undefined
  /** Parsers of code; without them units are found by indentation. */
  parsers?: CodeParsers | undefined
  /** Overrides the language that the file name tells. */
  language?: Language | undefined
  /** How omissions are marked. Defaults to `'short'`. */
  omission?: OmissionStyle | undefined
  /** Ranker `'head-tail'`: the share of the budget for the beginning, from 0 to 1. Defaults to 0.5. */
  headShare?: number | undefined
}

/** The defaults of the compressors without a language model. */
export const noModelDefaults = Object.freeze({ ranker: 'bm25', omission: 'short', headShare: 0.5 } as const)

export interface ResolvedNoModelOptions extends CallOptions {
  budget: TokenBudget
  ranker: Ranker
  parsers: CodeParsers | undefined
  language: Language | undefined
  omission: OmissionStyle
  headShare: number
  protection: ResolvedProtection
}

/**
 * Checks options and fills in defaults.
 * @throws InvalidArgumentError
 */
export function resolveNoModelOptions(
  options: NoModelOptions & CallOptions,
  runBudget?: TokenBudget,
): ResolvedNoModelOptions {
  const budget = options.budget ?? runBudget
  checkArgument(budget !== undefined, 'budget', budget, 'given, as an option or by the run')
  checkInteger(budget.tokens, 'budget.tokens', { min: 0 })
  checkArgument(typeof budget.tokenizer?.count === 'function', 'budget.tokenizer', budget.tokenizer, 'a Tokenizer')
  const { signal, onProgress, parsers } = options
  const defaults = noModelDefaults
  return {
    budget,
    parsers,
    signal,
    onProgress,
    ranker: checkRanker(options.ranker ?? defaults.ranker),
    language: options.language === undefined ? undefined : checkOneOf(options.language, 'language', languages),
    omission: checkOneOf(options.omission ?? defaults.omission, 'omission', ['short', 'counted', 'none']),
    headShare: checkNumber(options.headShare ?? defaults.headShare, 'headShare', { min: 0, max: 1 }),
    protection: resolveProtection(options, lineProtectionDefaults),
  }
}

function checkRanker(ranker: Ranker): Ranker {
  if (typeof ranker === 'string') return checkOneOf(ranker, 'ranker', ['bm25', 'identifiers', 'head-tail'])
  const given = ranker as Partial<{ embedder: Embedder; reranker: Reranker }> | null
  const usable = typeof given?.embedder?.embed === 'function' || typeof given?.reranker?.rank === 'function'
  checkArgument(usable, 'ranker', ranker, "'bm25', 'identifiers', 'head-tail', { embedder } or { reranker }")
  return ranker
}
