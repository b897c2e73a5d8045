import type { CacheBudget } from '../policy/budget.ts'
import { keysOf, perHead } from '../policy/head-rows.ts'
import { type ScoredPolicy, scoredPolicy } from '../policy/scored-policy.ts'
import { triggersOf, type WhenOptions } from '../policy/when.ts'
import { keyNormScores } from '../scorers/key-scores.ts'

/** Options of `keyNorm`. */
export interface KeyNormOptions extends WhenOptions {
  readonly budget: CacheBudget
  /** First tokens that stay. Defaults to 0. */
  readonly sinks?: number
  /** Last tokens that stay. Defaults to 0. */
  readonly window?: number
}

/**
 * The shortest keys: they drew the most attention in the models of the paper. The simplest score there is, and a weak one.
 *
 * Devoto et al., "A Simple and Effective L2 Norm-Based Strategy for KV Cache Compression" (EMNLP 2024); NVIDIA/kvpress (KnormPress).
 */
export function keyNorm(options: KeyNormOptions): ScoredPolicy {
  return scoredPolicy({
    id: 'key-norm',
    ...options,
    triggers: triggersOf(options),
    score: ({ event: { cache } }) => perHead(cache, (layer, head) => keyNormScores(keysOf(cache, layer, head))),
  })
}
