import { checkInteger } from '@lc/model/check'
import type { CacheBudget } from '../policy/budget.ts'
import { columnsOf } from '../policy/observed-columns.ts'
import { type ScoredPolicy, scoredPolicy } from '../policy/scored-policy.ts'
import { triggersOf, type WhenOptions } from '../policy/when.ts'
import { checkPooling, type Pooling, poolScores } from '../scorers/pool-scores.ts'

/** Options of `snapKv`. */
export interface SnapKvOptions extends WhenOptions {
  readonly budget: CacheBudget
  /** Last queries whose attention is observed; their tokens stay. Defaults to 32. */
  readonly window?: number
  /** Joins neighbouring scores. Defaults to the mean of 5. */
  readonly pooling?: Pooling
  /** First tokens that stay. Defaults to 0. */
  readonly sinks?: number
}

/** The defaults of `snapKv`: those that the official code gives a model. kvpress observes 64 queries. */
export const snapKvDefaults = Object.freeze({
  window: 32,
  pooling: Object.freeze({ kind: 'average', kernel: 5 } as const),
})

/**
 * SnapKV: what the last queries of a prompt look at, pooled over neighbours. Acts once, at the end of a prompt; put the
 * question there.
 *
 * Li et al., "SnapKV: LLM Knows What You are Looking for Before Generation" (NeurIPS 2024); FasterDecoding/SnapKV.
 * Officially per query head; here, as in NVIDIA/kvpress, the query heads of a key/value head are averaged.
 */
export function snapKv(options: SnapKvOptions): ScoredPolicy {
  const window = checkInteger(options.window ?? snapKvDefaults.window, 'window', { min: 1 })
  const pooling = checkPooling(options.pooling ?? snapKvDefaults.pooling)
  return scoredPolicy({
    id: 'snap-kv',
    budget: options.budget,
    sinks: options.sinks ?? 0,
    window,
    triggers: triggersOf(options),
    needs: () => [
      { kind: 'attention-columns', id: 'window', queries: { last: window }, rows: 'mean', heads: 'group-mean' },
    ],
    score: ({ event }) =>
      columnsOf(event, 'window').map((heads) =>
        heads.map((head) => {
          const before = head.length - window
          const scores = new Float32Array(head.length)
          // the window itself is not pooled into what comes before it
          scores.set(poolScores(head.subarray(0, before), pooling))
          return scores
        }),
      ),
  })
}
