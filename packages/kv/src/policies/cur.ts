import { checkInteger } from '@lc/model/check'
import type { CacheBudget } from '../policy/budget.ts'
import { keysOf, perHead, valuesOf } from '../policy/head-rows.ts'
import { type ScoredPolicy, scoredPolicy } from '../policy/scored-policy.ts'
import { triggersOf, type WhenOptions } from '../policy/when.ts'
import { curScores } from '../scorers/key-scores.ts'

/** Options of `cur`. */
export interface CurOptions extends WhenOptions {
  readonly budget: CacheBudget
  /** First tokens that stay. Defaults to 4. */
  readonly sinks?: number
  /** Last tokens that stay. Defaults to 0. */
  readonly window?: number
  /** Tokens over which lengths are compared. Defaults to 16. */
  readonly localWindow?: number
}

/** The defaults of `cur`. */
export const curDefaults = Object.freeze({ sinks: 4, localWindow: 16 } as const)

/**
 * CurDKV: long keys with long values, each relative to their neighbourhood (approximate leverage scores).
 *
 * "Value-Guided KV Compression for LLMs via Approximated CUR Decomposition" (arXiv 2509.15038); NVIDIA/kvpress (CURPress),
 * whose default without random projections is followed.
 */
export function cur(options: CurOptions): ScoredPolicy {
  const localWindow = checkInteger(options.localWindow ?? curDefaults.localWindow, 'localWindow', { min: 1 })
  return scoredPolicy({
    id: 'cur',
    ...options,
    sinks: options.sinks ?? curDefaults.sinks,
    triggers: triggersOf(options),
    score: ({ event: { cache } }) =>
      perHead(cache, (layer, head) => curScores(keysOf(cache, layer, head), valuesOf(cache, layer, head), localWindow)),
  })
}
