import type { CallOptions, TokenBudget, TokenClassifier } from '@lc/model'
import { checkArgument, checkInteger, checkNumber, checkOneOf } from '@lc/model/check'
import { resolveBudget } from '../compressor/resolve-budget.ts'
import { type ProtectionOptions, type ResolvedProtection, resolveProtection } from '../prose/protection.ts'
import type { Merge } from '../score/text-nll.ts'

/** Options of `llmLingua2`. */
export interface LlmLingua2Options extends ProtectionOptions {
  /** Tells of each token whether to keep it: an encoder trained for that, such as those of LLMLingua-2. */
  classifier: TokenClassifier
  /** Tokens at most, of the classifier's tokenizer or of a named one. In a pipeline the run's budget stands in. */
  budget?: number | TokenBudget | undefined
  /** The label that means keep. Defaults to the one named `LABEL_1`, `1`, `keep` or `preserve`, else the last. */
  keepLabel?: string | undefined
  /** How the probabilities of a word's tokens become one. Defaults to `'mean'`. */
  merge?: Merge | undefined
  /** Tokens that neighbouring windows share. Defaults to 64. */
  overlapTokens?: number | undefined
  /**
   * How much the words that a sentence shares with the query (BM25, in standard deviations) add to the log-odds of its words.
   * Defaults to 0: the query plays no part, as in the paper.
   */
  queryWeight?: number | undefined
}

/** The defaults of LLMLingua-2. */
export const llmLingua2Defaults = Object.freeze({ merge: 'mean', overlapTokens: 64, queryWeight: 0 } as const)

export interface ResolvedLlmLingua2Options extends CallOptions {
  classifier: TokenClassifier
  budget: TokenBudget
  /** The index of the label that means keep. */
  keep: number
  merge: Merge
  overlapTokens: number
  queryWeight: number
  protection: ResolvedProtection
}

/**
 * Checks options and fills in defaults.
 * @throws InvalidArgumentError
 */
export function resolveLlmLingua2Options(
  options: LlmLingua2Options & CallOptions,
  runBudget?: TokenBudget,
): ResolvedLlmLingua2Options {
  const { classifier, signal, onProgress } = options
  checkArgument(typeof classifier?.classify === 'function', 'classifier', classifier, 'a TokenClassifier')
  const defaults = llmLingua2Defaults
  return {
    classifier,
    signal,
    onProgress,
    budget: resolveBudget(options.budget ?? runBudget, classifier.tokenizer),
    keep: keepIndex(classifier, options.keepLabel),
    merge: checkOneOf(options.merge ?? defaults.merge, 'merge', ['mean', 'max']),
    overlapTokens: checkInteger(options.overlapTokens ?? defaults.overlapTokens, 'overlapTokens', { min: 0 }),
    queryWeight: checkNumber(options.queryWeight ?? defaults.queryWeight, 'queryWeight', { min: 0, max: 100 }),
    protection: resolveProtection(options),
  }
}

function keepIndex({ labels }: TokenClassifier, keepLabel: string | undefined): number {
  checkArgument(labels.length >= 2, 'classifier.labels', labels, 'two labels or more')
  if (keepLabel !== undefined) return labels.indexOf(checkOneOf(keepLabel, 'keepLabel', labels))
  const named = labels.findIndex((label) => /^(label_1|1|keep|preserve)$/i.test(label))
  return named < 0 ? labels.length - 1 : named
}
