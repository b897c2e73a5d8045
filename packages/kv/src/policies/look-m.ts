import type { CacheEvent } from '@lc/core'
import { checkOneOf } from '@lc/model/check'
import { type MergeRule, mergeIntoSurvivors, nearestSurvivors } from '../mergers/nearest-survivor.ts'
import { keysOf, perHead, valuesOf } from '../policy/head-rows.ts'
import { type ScoredPolicy, scoredPolicy } from '../policy/scored-policy.ts'
import { writeSurvivors } from './value-merge.ts'

/** Options of `lookM`. */
export interface LookMOptions {
  /** The policy whose scores and budget are used; `h2o(...)` in the paper. */
  readonly base: ScoredPolicy
  /** How slots enter the survivor with the most similar key. Defaults to `'pivotal'`, the paper's best. */
  readonly rule?: MergeRule
  /** Whether the token at a position goes after all others: text beside images, instructions, the question. Defaults to none. */
  readonly prefer?: (position: number) => boolean
}

/** The defaults of `lookM`. */
export const lookMDefaults = Object.freeze({ rule: 'pivotal' } as const)

/**
 * LOOK-M: tokens of a preferred kind stay before all others; what goes is merged, key and value, into the most similar slot
 * that stays.
 *
 * Wan et al., "LOOK-M: Look-Once Optimization in KV Cache for Efficient Multimodal Long-Context Inference" (2024);
 * SUSTechBruce/LOOK-M. Officially all preferred tokens stay, beyond the budget if need be; here the budget is met.
 */
export function lookM({ base, rule = lookMDefaults.rule, prefer }: LookMOptions): ScoredPolicy {
  checkOneOf(rule, 'rule', ['averaged', 'pivotal', 'weighted'])
  const { parts } = base
  return scoredPolicy({
    ...parts,
    id: `look-m(${parts.id})`,
    score: async (context) => {
      const scores = await parts.score(context)
      return scores && prefer ? raise(scores, context.event, prefer) : scores
    },
    merge: (context) => {
      const { event, layer, head, kept, evicted } = context
      const keys = keysOf(event.cache, layer, head)
      const map = nearestSurvivors(keys, kept, evicted)
      return writeSurvivors(context, map.survivor, {
        keys: mergeIntoSurvivors(keys, kept, evicted, map, rule),
        values: mergeIntoSurvivors(valuesOf(event.cache, layer, head), kept, evicted, map, rule),
      })
    },
  })
}

/** Lifts the preferred above the rest by rank, so that no precision of scores is lost. */
function raise(
  scores: readonly (readonly Float32Array[])[],
  { cache }: CacheEvent,
  prefer: (position: number) => boolean,
): Float32Array[][] {
  return perHead(cache, (layer, head) => {
    const own = scores[layer]![head]!
    const positions = cache.positionsOf(layer, head)
    const order = [...own.keys()].sort((a, b) => own[a]! - own[b]! || b - a)
    const ranks = new Float32Array(own.length)
    for (const [rank, slot] of order.entries()) ranks[slot] = rank + (prefer(positions[slot]!) ? own.length : 0)
    return ranks
  })
}
