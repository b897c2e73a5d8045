import { checkOneOf } from '@lc/model/check'
import type { CacheBudget } from '../policy/budget.ts'
import { columnsOf } from '../policy/observed-columns.ts'
import { type ScoredPolicy, scoredPolicy } from '../policy/scored-policy.ts'
import { triggersOf, type WhenOptions } from '../policy/when.ts'

/** Options of `tova`. */
export interface TovaOptions extends WhenOptions {
  readonly budget: CacheBudget
  /** Last tokens that stay whatever they draw. Defaults to 0: even the newest can go, as published. */
  readonly window?: number
  /** `'kvpress'` evicts at the end of a prompt only and keeps the newest token. */
  readonly variant?: 'kvpress'
}

/** The defaults of `tova`. */
export const tovaDefaults = Object.freeze({ window: 0, every: 1 } as const)

/**
 * TOVA: what the newest query looks at, averaged over all heads of a layer, which keep the same tokens. Acts after every token.
 *
 * Oren et al., "Transformers are Multi-State RNNs" (2024); schwartz-lab-NLP/TOVA.
 */
export function tova(options: TovaOptions): ScoredPolicy {
  const kvpress = options.variant === 'kvpress'
  if (options.variant !== undefined) checkOneOf(options.variant, 'variant', ['kvpress'])
  return scoredPolicy({
    id: 'tova',
    budget: options.budget,
    window: options.window ?? (kvpress ? 1 : tovaDefaults.window),
    triggers: triggersOf(options, kvpress ? undefined : tovaDefaults.every),
    needs: () => [{ kind: 'attention-columns', id: 'newest', queries: { last: 1 }, rows: 'sum', heads: 'layer-mean' }],
    score: ({ event }) => columnsOf(event, 'newest'),
  })
}
