/**
 * @file The frame of policies that keep what scores best. A method is a record of parts: how slots are scored, how a budget
 * is shared over layers and heads, how slots are selected, and what becomes of those that go.
 */
import type {
  CacheAction,
  CacheEvent,
  CachePolicy,
  CacheTrigger,
  ObservationRequest,
  PolicyModel,
  PolicyRun,
} from '@lc/core'
import { checkInteger } from '@lc/model/check'
import { complement, topSlots } from '../selectors/top-slots.ts'
import { type CacheBudget, readBudget } from './budget.ts'
import { meanLength, perHead } from './head-rows.ts'

/** Scores of all slots by layer and key/value head; higher stays. */
export type SlotScores = readonly (readonly Float32Array[])[]

/** What scores are computed from. */
export interface ScoreContext {
  readonly event: CacheEvent
  readonly model: PolicyModel
  /** The seed that this session drew; for scores that are random. */
  readonly seed: number
}

/** What a budget is shared over: candidates are the slots that are not protected. */
export interface ShareContext {
  /** Scores of the candidates, by layer and head. */
  readonly scores: SlotScores
  /** Candidates to keep, per head on average. */
  readonly mean: number
  /** Slots per head before. */
  readonly length: number
  /** Slots per head that are kept anyway. */
  readonly protectedSlots: number
}

/** What is to be selected in one layer. */
export interface SelectContext {
  readonly event: CacheEvent
  readonly layer: number
  /** Scores of the candidates, by head. */
  readonly scores: readonly Float32Array[]
  /** Candidates to keep, by head. */
  readonly counts: ArrayLike<number>
}

/** What becomes of the slots that go. */
export interface MergeContext {
  readonly event: CacheEvent
  readonly layer: number
  readonly head: number
  /** Ascending slots. */
  readonly kept: Uint32Array
  readonly evicted: Uint32Array
  /** As in `ScoreContext`. */
  readonly seed: number
}

/** The parts of a policy. */
export interface PolicyParts {
  readonly id: string
  readonly budget: CacheBudget
  readonly triggers: readonly CacheTrigger[]
  /** The first slots, never evicted. Defaults to 0. */
  readonly sinks?: number
  /** The last slots, never evicted. Defaults to 0. */
  readonly window?: number
  /** What scores and merges must see. */
  readonly needs?: (model: PolicyModel) => readonly ObservationRequest[]
  readonly score: (context: ScoreContext) => SlotScores | undefined | Promise<SlotScores | undefined>
  /** Candidates to keep, by layer and head. Defaults to the mean for each. */
  readonly share?: (context: ShareContext) => readonly ArrayLike<number>[]
  /** Candidates kept in a layer, ascending, by head. Defaults to the best of each head. */
  readonly select?: (context: SelectContext) => readonly Uint32Array[]
  /** Actions before the evicted slots go. Defaults to none. */
  readonly merge?: (context: MergeContext) => readonly CacheAction[]
}

/** A policy that shows what it is made of, so that others can be made of its parts. */
export interface ScoredPolicy extends CachePolicy {
  readonly parts: PolicyParts
}

/**
 * A policy from its parts. It acts where heads hold more than the budget on average; protected slots stay by construction,
 * at least one slot per head remains, ties go to the older slot.
 *
 * @throws InvalidArgumentError for sizes that cannot be, BudgetTooSmallError for a budget below the protected slots
 */
export function scoredPolicy(parts: PolicyParts): ScoredPolicy {
  const sinks = checkInteger(parts.sinks ?? 0, 'sinks', { min: 0 })
  const window = checkInteger(parts.window ?? 0, 'window', { min: 0 })
  const target = readBudget(parts.budget, sinks + window)
  return {
    id: parts.id,
    parts,
    triggers: parts.triggers,
    needs: (model) => parts.needs?.(model) ?? [],
    start: (model, { random, state }): PolicyRun => {
      const seed = typeof state === 'number' ? state : Math.floor(random() * 2 ** 32)
      return {
        save: () => seed,
        act: async (event) => {
          const mean = target(event.cache.nextPosition)
          if (meanLength(event.cache) <= mean) return []
          const scores = await parts.score({ event, model, seed })
          event.signal?.throwIfAborted()
          return scores ? compress(parts, event, scores, { mean, sinks, window, seed }) : []
        },
      }
    },
  }
}

function compress(
  parts: PolicyParts,
  event: CacheEvent,
  scores: SlotScores,
  { mean, sinks, window, seed }: { mean: number; sinks: number; window: number; seed: number },
): CacheAction[] {
  const { cache } = event
  const candidates = scores.map((heads, layer) =>
    heads.map((head, index) => head.subarray(sinks, Math.max(sinks, cache.lengthOf(layer, index) - window))),
  )
  const protectedSlots = sinks + window
  const sharing = { scores: candidates, mean: mean - protectedSlots, length: cache.length, protectedSlots }
  const counts = (parts.share ?? shareEvenly)(sharing)
  const kept = candidates.map((heads, layer) => {
    const selected = (parts.select ?? selectBest)({ event, layer, scores: heads, counts: counts[layer]! })
    return selected.map((slots, head) => withProtected(slots, cache.lengthOf(layer, head), sinks, window))
  })
  const merges = parts.merge
    ? perHead(cache, (layer, head) => {
        const slots = kept[layer]![head]!
        const evicted = complement(slots, cache.lengthOf(layer, head))
        return evicted.length === 0 ? [] : parts.merge!({ event, layer, head, kept: slots, evicted, seed })
      }).flat(2)
    : []
  const reason = { first: sinks, last: window, by: `${parts.id}: the highest scores` }
  return [...merges, { type: 'keep', choice: { scope: 'head', slots: kept }, reason }]
}

/** The same number for every head. */
export function shareEvenly({ scores, mean }: ShareContext): readonly ArrayLike<number>[] {
  return scores.map((heads) => heads.map(() => mean))
}

/** The best slots of each head. */
export function selectBest({ scores, counts }: SelectContext): readonly Uint32Array[] {
  return scores.map((head, index) => topSlots(head, counts[index]!))
}

function withProtected(selected: Uint32Array, length: number, sinks: number, window: number): Uint32Array {
  const first = Math.min(sinks, length)
  const last = Math.max(first, length - window)
  const slots = new Uint32Array(first + selected.length + length - last)
  for (let slot = 0; slot < first; slot++) slots[slot] = slot
  for (let index = 0; index < selected.length; index++) slots[first + index] = selected[index]! + sinks
  for (let slot = last; slot < length; slot++) slots[first + selected.length + slot - last] = slot
  // a cache without slots cannot be attended to
  return slots.length > 0 ? slots : Uint32Array.of(Math.max(0, length - 1))
}
