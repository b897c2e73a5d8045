import type { CacheBudget } from '../policy/budget.ts'
import { hash } from '../policy/hash.ts'
import { perHead } from '../policy/head-rows.ts'
import { type ScoredPolicy, scoredPolicy } from '../policy/scored-policy.ts'
import { triggersOf, type WhenOptions } from '../policy/when.ts'

/** Options of `randomSlots`. */
export interface RandomSlotsOptions extends WhenOptions {
  readonly budget: CacheBudget
  /** First tokens that stay. Defaults to 0. */
  readonly sinks?: number
  /** Last tokens that stay. Defaults to 0. */
  readonly window?: number
}

/**
 * Random slots, other ones in each head: the control that every other policy must beat. Which ones depends on the session's
 * `seed` and the tokens' positions alone, so that forks agree.
 */
export function randomSlots(options: RandomSlotsOptions): ScoredPolicy {
  return scoredPolicy({
    id: 'random',
    ...options,
    triggers: triggersOf(options),
    score: ({ event: { cache }, seed }) =>
      perHead(cache, (layer, head) => {
        const positions = cache.positionsOf(layer, head)
        // float32 holds 24 bits
        const draw = (_: unknown, slot: number) => hash(seed, layer, head, positions[slot]!) >>> 8
        return Float32Array.from({ length: cache.lengthOf(layer, head) }, draw)
      }),
  })
}
