import type { CacheAction, CacheEvent, CachePolicy } from '@lc/core'
import { checkInteger, checkOneOf } from '@lc/model/check'
import type { CacheBudget } from '../policy/budget.ts'
import { perHead } from '../policy/head-rows.ts'
import { scoredPolicy } from '../policy/scored-policy.ts'
import { triggersOf } from '../policy/when.ts'

/** Options of `finch`. */
export interface FinchOptions {
  readonly budget: CacheBudget
  /** Tokens of the question, the last of the prompt: what they look at stays, and so do they. Defaults to 32. */
  readonly window?: number
  /** `'slots'` (default, published) renumbers what is kept; `'original'` leaves positions as they were. */
  readonly positions?: 'slots' | 'original'
}

/** The defaults of `finch`; the window is that of `snapKv`, since questions have no common length. */
export const finchDefaults = Object.freeze({ window: 32, positions: 'slots' } as const)

/** The id of the attention that slots are scored by. */
const attention = 'question'

/**
 * FINCH: what the question at the end of a prompt looks at, each of its tokens weighed by how many it could see; what is kept then stands
 * side by side, as a shorter prompt. Acts once, at the end of a prompt.
 *
 * Corallo and Papotti, "FINCH: Prompt-guided Key-Value Cache Compression" (TACL 2024), as NVIDIA/kvpress (FinchPress) has it without
 * chunks: the paper reads the text in chunks, each with the question after it. There a delimiter, which is then dropped, says where the
 * question begins; here its length does.
 *
 * @throws BudgetTooSmallError for a budget that the question alone would fill
 */
export function finch(options: FinchOptions): CachePolicy {
  const window = checkInteger(options.window ?? finchDefaults.window, 'window', { min: 1 })
  const positions = checkOneOf(options.positions ?? finchDefaults.positions, 'positions', ['slots', 'original'])
  const scored = scoredPolicy({
    id: 'finch',
    budget: options.budget,
    window,
    triggers: triggersOf({}),
    needs: () => [{ kind: 'attention-rows', id: attention, last: window }],
    score: ({ event }) => perHead(event.cache, (layer, head) => scoresOf(event, layer, head)),
  })
  if (positions === 'original') return scored
  const renumbered = (actions: readonly CacheAction[]): readonly CacheAction[] =>
    actions.length === 0 ? actions : [...actions, { type: 'reposition', to: 'slots' }]
  return {
    ...scored,
    start: (model, session) => {
      const run = scored.start(model, session)
      return { ...run, act: async (event) => renumbered(await run.act(event)) }
    },
  }
}

/** The mean over the question's tokens and the query heads of a key/value head. */
function scoresOf({ cache, observations }: CacheEvent, layer: number, head: number): Float32Array {
  const { shape, data } = observations.rows(attention, layer)
  const [heads, rows, width] = shape as [number, number, number]
  const group = heads / cache.shape.kvHeads
  const length = cache.lengthOf(layer, head)
  const scores = new Float32Array(length)
  for (let member = 0; member < group; member++)
    for (let row = 0; row < rows; row++) {
      const start = ((head * group + member) * rows + row) * width
      const weight = (length - rows + row) / (group * rows)
      for (let slot = 0; slot < length; slot++) scores[slot] = scores[slot]! + weight * data[start + slot]!
    }
  return scores
}
