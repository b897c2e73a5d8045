import type { CacheAction, CachePolicy } from '@lc/core'
import { checkInteger, checkOneOf } from '@lc/model/check'
import { type CacheBudget, readBudget, readSlots } from '../policy/budget.ts'
import { triggersOf, type WhenOptions } from '../policy/when.ts'

/** Options of `streamingLlm`. */
export interface StreamingLlmOptions extends WhenOptions {
  readonly budget: CacheBudget
  /** First tokens that stay. Defaults to 4. */
  readonly sinks?: number
  /**
   * `'slots'` (default) renumbers what is kept, so that text without end never leaves the trained positions; needs a budget in slots.
   * `'original'` leaves positions as they were.
   */
  readonly positions?: 'slots' | 'original'
  /**
   * Slots that go at once while generating: one (published) for each token, or several and then none for a while, which saves moving
   * and rotating the whole window each time. Defaults to a sixteenth of the window.
   */
  readonly block?: number
}

/** The defaults of `streamingLlm`, as published. */
export const streamingLlmDefaults = Object.freeze({ sinks: 4, positions: 'slots', every: 1 } as const)

/**
 * StreamingLLM: the first tokens (attention sinks) and the most recent ones. No scores; constant memory however long the text.
 *
 * Xiao et al., "Efficient Streaming Language Models with Attention Sinks" (ICLR 2024); mit-han-lab/streaming-llm. The
 * official class makes room before a token comes, one slot at a time; here the budget is met after it, in blocks. NVIDIA/kvpress
 * evicts once, at the end of a prompt, in original positions: `positions: 'original'`.
 */
export function streamingLlm(options: StreamingLlmOptions): CachePolicy {
  const sinks = checkInteger(options.sinks ?? streamingLlmDefaults.sinks, 'sinks', { min: 0 })
  const positions = checkOneOf(options.positions ?? streamingLlmDefaults.positions, 'positions', ['slots', 'original'])
  const slotted = positions === 'slots'
  const fixed = slotted ? readSlots(options.budget, sinks + 1) : 0
  const target = slotted ? () => fixed : readBudget(options.budget, sinks + 1)
  const block = options.block === undefined ? undefined : checkInteger(options.block, 'block', { min: 1 })
  return {
    id: 'streaming-llm',
    triggers: triggersOf(options, streamingLlmDefaults.every),
    needs: () => [],
    start: () => ({
      act: ({ cache, trigger }): CacheAction[] => {
        const { length } = cache
        const most = target(cache.nextPosition)
        if (length <= most) return []
        const room = trigger === 'step' ? Math.min(block ?? Math.floor((most - sinks) / 16), most - sinks) - 1 : 0
        const kept = most - Math.max(0, room)
        const remove = { type: 'remove-range', from: sinks, to: length - (kept - sinks) } as const
        return slotted ? [remove, { type: 'reposition', to: 'slots' }] : [remove]
      },
    }),
  }
}
