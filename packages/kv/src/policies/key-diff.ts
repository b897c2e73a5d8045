import type { CacheBudget } from '../policy/budget.ts'
import { keysOf, perHead } from '../policy/head-rows.ts'
import { type ScoredPolicy, scoredPolicy } from '../policy/scored-policy.ts'
import { triggersOf, type WhenOptions } from '../policy/when.ts'
import { keyDifferenceScores } from '../scorers/key-scores.ts'

/** Options of `keyDiff`. */
export interface KeyDiffOptions extends WhenOptions {
  readonly budget: CacheBudget
  /** First tokens that stay. Defaults to 0. */
  readonly sinks?: number
  /** Last tokens that stay. Defaults to 0. */
  readonly window?: number
}

/**
 * KeyDiff: keys that are unlike the others. Needs neither attention nor queries; with `prompt: 'chunks'` a long prompt never
 * takes more than the budget and a chunk, which is how the paper runs it.
 *
 * Park et al., "KeyDiff: Key Similarity-Based KV Cache Eviction" (2025). Keys are compared as they are cached (rotated), as in
 * NVIDIA/kvpress.
 */
export function keyDiff(options: KeyDiffOptions): ScoredPolicy {
  return scoredPolicy({
    id: 'key-diff',
    ...options,
    triggers: triggersOf(options),
    score: ({ event: { cache } }) => perHead(cache, (layer, head) => keyDifferenceScores(keysOf(cache, layer, head))),
  })
}
