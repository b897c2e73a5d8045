import type { CacheAction } from '@lc/core'
import { mergeValues, nearestSurvivors } from '../mergers/nearest-survivor.ts'
import { keysOf, valuesOf } from '../policy/head-rows.ts'
import { type MergeContext, type ScoredPolicy, scoredPolicy } from '../policy/scored-policy.ts'

/** Options of `valueMerge`. */
export interface ValueMergeOptions {
  /** The policy that decides which slots go. */
  readonly base: ScoredPolicy
}

/**
 * Adds the values of slots that go to the slot with the most similar key that stays, weighed by similarity and length. Keys
 * stay, so that their rotation stays valid.
 *
 * NVIDIA/kvpress (MergingPress), after token merging (Bolya et al. 2023) and D2O (Wan et al. 2024). Costs evicted x kept
 * comparisons of keys per head.
 */
export function valueMerge({ base }: ValueMergeOptions): ScoredPolicy {
  return scoredPolicy({
    ...base.parts,
    id: `value-merge(${base.parts.id})`,
    merge: (context) => {
      const { event, layer, head, kept, evicted } = context
      const map = nearestSurvivors(keysOf(event.cache, layer, head), kept, evicted)
      const merged = mergeValues(valuesOf(event.cache, layer, head), kept, evicted, map)
      return writeSurvivors(context, map.survivor, { values: merged })
    },
  })
}

/** Writes the rows of those survivors that took something in. */
export function writeSurvivors(
  { event, layer, head, kept }: MergeContext,
  survivors: Uint32Array,
  rows: { readonly keys?: Float32Array; readonly values: Float32Array },
): CacheAction[] {
  const { headDim } = event.cache.shape
  return [...new Set(survivors)].map((index) => {
    const row = (all: Float32Array) => all.slice(index * headDim, (index + 1) * headDim)
    const value = row(rows.values)
    return { type: 'write', layer, head, slot: kept[index]!, value, ...(rows.keys && { key: row(rows.keys) }) }
  })
}
