/** @file How far a cache is from its text, layer by layer and head by head. */
import type { CacheAction, CacheReport, HeadReport, KeptSlots } from './cache-policy.ts'
import type { KvCache } from './kv-cache.ts'

/** The latest action that removed slots, as far as a report tells. */
export interface Removal {
  /** First and last slots that it had to keep. */
  readonly first: number
  readonly last: number
  /** How the others were chosen. */
  readonly by: string
  /** Slots that were left, `[L * G]`. */
  readonly lengths: readonly number[]
}

/** What the actions removed, if they did; read after they were carried out. */
export function removalOf(actions: readonly CacheAction[], cache: KvCache, policy: string): Removal | undefined {
  const action = actions.findLast(({ type }) => type === 'keep' || type === 'remove-range')
  if (action?.type === 'keep') {
    const { first = 0, last = 0, by = policy } = action.reason ?? {}
    return { first, last, by, lengths: lengthsOf(cache) }
  }
  if (action?.type !== 'remove-range') return undefined
  const lengths = lengthsOf(cache)
  // what is not among the first was behind the range
  return { first: action.from, last: Math.max(...lengths), by: policy, lengths }
}

/** The parts of a report that the cache tells. */
export function reportCache(
  cache: KvCache,
  tokens: number,
  removal: Removal | undefined,
): Pick<CacheReport, 'tokens' | 'slots' | 'bytes' | 'heads'> {
  const { layers, kvHeads } = cache.shape
  const lengths = lengthsOf(cache)
  const total = lengths.reduce((sum, length) => sum + length, 0)
  const heads = Array.from({ length: layers }, (_, layer) =>
    Array.from({ length: kvHeads }, (__, head): HeadReport => {
      const slots = cache.lengthOf(layer, head)
      const kept = slots >= tokens ? wholeHead(slots) : keptSlots(slots, removal, layer * kvHeads + head)
      return { slots, bytes: cache.layer(layer).usedBytes(head, slots), kept }
    }),
  )
  const used = heads.flat().reduce((sum, { bytes }) => sum + bytes, 0)
  return {
    tokens,
    slots: { min: Math.min(...lengths), mean: total / lengths.length, max: Math.max(...lengths) },
    bytes: { used, allocated: cache.bytes },
    heads,
  }
}

function wholeHead(slots: number): KeptSlots[] {
  return slots === 0 ? [] : [{ because: 'all', slots }]
}

function keptSlots(slots: number, removal: Removal | undefined, index: number): KeptSlots[] {
  // slots that were taken back came last
  const left = Math.min(slots, removal?.lengths[index] ?? 0)
  const first = Math.min(left, removal?.first ?? 0)
  const last = Math.min(left - first, removal?.last ?? 0)
  const parts = [
    { because: 'first', slots: first },
    { because: 'chosen', slots: left - first - last, by: removal?.by ?? '' },
    { because: 'last', slots: last },
    { because: 'new', slots: slots - left },
  ] as const
  return parts.filter((part) => part.slots > 0)
}

function lengthsOf(cache: KvCache): number[] {
  const { layers, kvHeads } = cache.shape
  return Array.from({ length: layers * kvHeads }, (_, index) =>
    cache.lengthOf(Math.floor(index / kvHeads), index % kvHeads),
  )
}
