import type { CacheAction, CacheEvent } from '@lc/core'
import { checkInteger, checkNumber, checkOneOf } from '@lc/model/check'
import { gaussianSet, mergeRows, runsForCount, type SlotRun } from '../mergers/gaussian-sets.ts'
import type { CacheBudget } from '../policy/budget.ts'
import { keysOf, valuesOf } from '../policy/head-rows.ts'
import { columnsOf } from '../policy/observed-columns.ts'
import { type MergeContext, type ScoredPolicy, scoredPolicy } from '../policy/scored-policy.ts'
import { triggersOf, type WhenOptions } from '../policy/when.ts'
import { topSlots } from '../selectors/top-slots.ts'

/** Options of `kvMerger`. */
export interface KvMergerOptions extends WhenOptions {
  readonly budget: CacheBudget
  /** First tokens that are left alone. Defaults to 4. */
  readonly sinks?: number
  /** Last tokens that are left alone. Defaults to 32. */
  readonly window?: number
  /** The share of the budget (below a half) that is left to tokens which draw most attention, unmerged. Defaults to 0.24, the paper's 12 of 50 %. */
  readonly heavyShare?: number
  /** Width of the Gaussian around a set's most attended key. Defaults to 5. */
  readonly sigma?: number
  /** `'mean'` (default) averages values, `'sum'` (the paper's) multiplies them by the size of their set. */
  readonly valueMass?: 'mean' | 'sum'
  /** Adds the logarithm of a set's size to its score, so that a merged slot weighs as much as its members did; not published. */
  readonly massBias?: boolean
}

/** The defaults of `kvMerger`. */
export const kvMergerDefaults = Object.freeze({
  sinks: 4,
  window: 32,
  heavyShare: 0.24,
  sigma: 5,
  valueMass: 'mean',
  massBias: false,
} as const)

/** The id of the attention that pivots are chosen by. */
const attention = 'all'

/**
 * KVMerger: runs of neighbouring tokens with similar keys become one slot each. The similarity that makes a run is chosen per
 * head so that the budget is met: the most similar neighbours are merged first.
 *
 * Wang et al., "Model Tells You Where to Merge" (arXiv 2407.08454); there is no official code. The paper fixes the similarity
 * (0.75) instead of the budget and leaves some layers alone.
 */
export function kvMerger(options: KvMergerOptions): ScoredPolicy {
  const settings = { ...kvMergerDefaults, ...options }
  checkInteger(settings.sinks, 'sinks', { min: 0 })
  checkInteger(settings.window, 'window', { min: 0 })
  checkNumber(settings.heavyShare, 'heavyShare', { min: 0, max: 0.49 })
  checkNumber(settings.sigma, 'sigma', { min: Number.MIN_VALUE })
  checkOneOf(settings.valueMass, 'valueMass', ['mean', 'sum'])
  return scoredPolicy({
    id: 'kv-merger',
    budget: settings.budget,
    sinks: settings.sinks,
    window: settings.window,
    triggers: triggersOf(options),
    needs: () => [
      { kind: 'attention-columns', id: attention, queries: 'all', rows: 'mean-over-visible', heads: 'group-mean' },
    ],
    score: ({ event }) => columnsOf(event, attention),
    select: ({ event, layer, scores, counts }) =>
      scores.map((candidates, head) => {
        const runs = runsOf(event, { layer, head }, Math.min(counts[head]!, candidates.length), settings)
        return Uint32Array.from(runs, ({ start, end }) =>
          mostAttended(candidates, start - settings.sinks, end - settings.sinks),
        )
      }),
    merge: (context) => mergeRuns(context, settings),
  })
}

function mostAttended(scores: Float32Array, start: number, end: number): number {
  let best = start
  for (let slot = start; slot < end; slot++) if (scores[slot]! > scores[best]!) best = slot
  return best
}

interface HeadSite {
  readonly layer: number
  readonly head: number
}

type Settings = Required<Omit<KvMergerOptions, 'prompt' | 'every'>>

/** The runs of one head's candidates that leave `count` slots; slots are those of the cache. */
function runsOf(event: CacheEvent, { layer, head }: HeadSite, count: number, settings: Settings): SlotRun[] {
  const keys = keysOf(event.cache, layer, head)
  const to = Math.max(settings.sinks, event.cache.lengthOf(layer, head) - settings.window)
  const scores = event.observations.columns(attention, layer)[head]!.subarray(settings.sinks, to)
  const alone = topSlots(scores, Math.floor(count * settings.heavyShare)).map((slot) => slot + settings.sinks)
  return runsForCount(keys, { from: settings.sinks, to, alone, count })
}

/** Writes each run, weighed by a Gaussian around its pivot, into the pivot's slot. */
function mergeRuns({ event, layer, head, kept }: MergeContext, settings: Settings): CacheAction[] {
  const { cache } = event
  const [keys, values] = [keysOf(cache, layer, head), valuesOf(cache, layer, head)]
  const columns = event.observations.columns(attention, layer)[head]!
  const inside = cache.lengthOf(layer, head) - settings.window
  const count = kept.filter((slot) => slot >= settings.sinks && slot < inside).length
  const before = cache.biasOf(layer, head)
  const bias = Float32Array.from({ length: cache.lengthOf(layer, head) }, (_, slot) => before?.[slot] ?? 0)
  const actions: CacheAction[] = []
  for (const run of runsOf(event, { layer, head }, count, settings)) {
    if (run.end - run.start === 1) continue
    const set = gaussianSet(keys, columns, run, settings.sigma)
    const [key, value] = [mergeRows(keys, set), mergeRows(values, set, settings.valueMass)]
    actions.push({ type: 'write', layer, head, slot: set.pivot, key, value })
    // the mass of a slot is the exponential of its bias; masses add up
    bias[set.pivot] = Math.log(bias.subarray(run.start, run.end).reduce((sum, each) => sum + Math.exp(each), 0))
  }
  return settings.massBias ? [...actions, { type: 'bias', layer, head, values: bias }] : actions
}
