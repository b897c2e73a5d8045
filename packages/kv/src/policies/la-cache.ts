import type { CacheAction, CachePolicy, KvCache } from '@lc/core'
import type { JsonValue } from '@lc/model'
import { checkInteger, checkOneOf } from '@lc/model/check'
import { compactLadder, type LadderState, ladderState } from '../ladder/ladder.ts'
import { triggersOf, type WhenOptions } from '../policy/when.ts'

/** Options of `laCache`. */
export interface LaCacheOptions extends WhenOptions {
  /** Slots per layer, on average over time; at least sinks + layers + what a ladder keeps. */
  readonly budget: number
  /** First tokens that stay. Defaults to 4. */
  readonly sinks?: number
  /** Layers that share a token. Defaults to half of the layers. */
  readonly span?: number
  /** Layers by which neighbouring steps overlap. Defaults to 0. */
  readonly overlap?: number
  /** `'slots'` (default) renumbers what is kept, as the paper does. */
  readonly positions?: 'slots' | 'original'
}

/** The defaults of `laCache`, as in the official class. */
export const laCacheDefaults = Object.freeze({ sinks: 4, overlap: 0, positions: 'slots', every: 1 } as const)

/**
 * LaCache: every layer keeps as many old tokens, but different ones, so that together they span more text; what is compacted
 * again and again grows ever sparser. No scores; constant memory.
 *
 * Shi et al., "LaCache: Ladder-Shaped KV Caching" (ICML 2025); GATECH-EIC/LaCache, whose index lists are followed but for
 * duplicates and disorder where ladders are stretched.
 */
export function laCache(options: LaCacheOptions): CachePolicy {
  const { positions = laCacheDefaults.positions } = options
  const budget = checkInteger(options.budget, 'budget', { min: 1 })
  const sinks = checkInteger(options.sinks ?? laCacheDefaults.sinks, 'sinks', { min: 0 })
  const overlap = checkInteger(options.overlap ?? laCacheDefaults.overlap, 'overlap', { min: 0 })
  checkOneOf(positions, 'positions', ['slots', 'original'])
  const ladderOf = (layerCount: number) => {
    const span = checkInteger(options.span ?? Math.ceil(layerCount / 2), 'span', { min: 1 })
    return { layerCount, budget, sinks, span, overlap }
  }
  return {
    id: 'la-cache',
    triggers: triggersOf(options, laCacheDefaults.every),
    needs: ({ config }) => {
      // sizes that no ladder fits are refused when the session begins, not in the middle of a text
      compactLadder(ladderOf(config.layers.length), ladderState({ sinks }), 0)
      return []
    },
    start: ({ config }, { state }) => runOf(ladderOf(config.layers.length), readState(state) ?? ladderState({ sinks })),
  }

  function runOf(ladder: ReturnType<typeof ladderOf>, initial: LadderState) {
    let state = initial
    return {
      act: ({ cache }: { readonly cache: KvCache }): CacheAction[] => {
        const result = compactLadder(ladder, state, cache.length)
        state = result.state
        if (!result.keep) return []
        // corrected ladders may leave a layer a slot short of the others
        const slots = result.keep.map((layer, index) => layer.filter((slot) => slot < cache.lengthOf(index, 0)))
        const keep = { type: 'keep', choice: { scope: 'layer', slots } } as const
        return positions === 'slots' ? [keep, { type: 'reposition', to: 'slots' }] : [keep]
      },
      fork: () => runOf(ladder, state),
      save: () => ({ ...state }),
    }
  }
}

function readState(state: JsonValue | undefined): LadderState | undefined {
  if (typeof state !== 'object' || state === null || Array.isArray(state)) return undefined
  const { cursor, compensated } = state
  return typeof cursor === 'number' && typeof compensated === 'boolean' ? { cursor, compensated } : undefined
}
