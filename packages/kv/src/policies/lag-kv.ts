import { checkInteger } from '@lc/model/check'
import type { CacheBudget } from '../policy/budget.ts'
import { keysOf, perHead, valuesOf } from '../policy/head-rows.ts'
import { type ScoredPolicy, scoredPolicy } from '../policy/scored-policy.ts'
import { triggersOf, type WhenOptions } from '../policy/when.ts'
import { lagScores } from '../scorers/lag-scores.ts'

/** Options of `lagKv`. */
export interface LagKvOptions extends WhenOptions {
  readonly budget: CacheBudget
  /** First tokens that stay. Defaults to 4. */
  readonly sinks?: number
  /** Tokens per partition. Defaults to 128. */
  readonly partition?: number
}

/** The defaults of `lagKv`. */
export const lagKvDefaults = Object.freeze({ sinks: 4, partition: 128 } as const)

/**
 * LagKV: tokens whose keys and values stand out against the range of the next partition; every partition keeps the same
 * share, the last one is not scored and stays while older slots can go; of a budget below it, the most recent.
 *
 * Liang et al., "LagKV: Lag-Relative Information of the KV Cache Tells Which Tokens Are Important" (2025); NVIDIA/kvpress
 * (LagKVPress). Texts of fewer than `sinks + 2 * partition` slots lose the oldest slots after the sinks, as there.
 */
export function lagKv(options: LagKvOptions): ScoredPolicy {
  const sinks = checkInteger(options.sinks ?? lagKvDefaults.sinks, 'sinks', { min: 0 })
  const partition = checkInteger(options.partition ?? lagKvDefaults.partition, 'partition', { min: 1 })
  return scoredPolicy({
    id: 'lag-kv',
    ...options,
    sinks,
    triggers: triggersOf(options),
    score: ({ event: { cache } }) =>
      perHead(cache, (layer, head) => {
        const keys = keysOf(cache, layer, head)
        const scores = lagScores(keys, valuesOf(cache, layer, head), { sinks, partition })
        const length = cache.lengthOf(layer, head)
        if (!scores) return Float32Array.from({ length }, (_, slot) => slot)
        // ranks are below 1; what is not scored goes oldest first where the budget does not hold all of it
        return scores.map((score, slot) => (score < 1 ? score : 1 + slot / length))
      }),
  })
}
