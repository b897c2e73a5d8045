import { checkInteger, checkOneOf } from '@lc/model/check'
import { type CacheBudget, readBudget } from '../policy/budget.ts'
import { columnsOf } from '../policy/observed-columns.ts'
import { type ScoredPolicy, scoredPolicy } from '../policy/scored-policy.ts'
import { triggersOf, type WhenOptions } from '../policy/when.ts'

/** Options of `h2o`. */
export interface H2oOptions extends WhenOptions {
  readonly budget: CacheBudget
  /** Last tokens that stay. Defaults to half of a budget in slots, and to 0 for a share. */
  readonly window?: number
  /**
   * `'sum'` (default, the paper's) adds up the attention that a token drew, which favours old ones; `'mean'` divides by the queries
   * that could see it.
   */
  readonly accumulate?: 'sum' | 'mean'
  /** `'kvpress'` evicts as ObservedAttentionPress does: means, nothing protected, at the end of a prompt only. */
  readonly variant?: 'kvpress'
}

/** The defaults of `h2o`. */
export const h2oDefaults = Object.freeze({ accumulate: 'sum', every: 1 } as const)

/**
 * H2O: recent tokens and heavy hitters, those that all queries so far paid most attention to. Acts after every token.
 *
 * Zhang et al., "H2O: Heavy-Hitter Oracle" (NeurIPS 2023); FMInference/H2O, whose real-drop code is followed. Officially per
 * query head; here the query heads of a key/value head are averaged, so that its memory is saved once for all of them.
 */
export function h2o(options: H2oOptions): ScoredPolicy {
  const kvpress = options.variant === 'kvpress'
  if (options.variant !== undefined) checkOneOf(options.variant, 'variant', ['kvpress'])
  const accumulate = checkOneOf(options.accumulate ?? h2oDefaults.accumulate, 'accumulate', ['sum', 'mean'])
  readBudget(options.budget, 0)
  const half = typeof options.budget === 'number' && !kvpress ? Math.floor(options.budget / 2) : 0
  return scoredPolicy({
    id: 'h2o',
    budget: options.budget,
    window: checkInteger(options.window ?? half, 'window', { min: 0 }),
    triggers: triggersOf(options, kvpress ? undefined : h2oDefaults.every),
    needs: () => [
      {
        kind: 'attention-columns',
        id: 'all',
        queries: 'all',
        rows: accumulate === 'mean' || kvpress ? 'mean-over-visible' : 'sum',
        heads: 'group-mean',
      },
    ],
    score: ({ event }) => columnsOf(event, 'all'),
  })
}
