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
}

/** The defaults of `streamingLlm`, as published. */
export const streamingLlmDefaults = Object.freeze({ sinks: 4, positions: 'slots', every: 1 } as const)

/**
 * StreamingLLM: the first tokens (attention sinks) and the most recent ones. No scores; constant memory however long the text.
 *
 * Xiao et al., "Efficient Streaming Language Models with Attention Sinks" (ICLR 2024); mit-han-lab/streaming-llm. The
 * official class makes room before a token comes; here the budget is met after it, which keeps the same slots. NVIDIA/kvpress
 * evicts once, at the end of a prompt, in original positions: `positions: 'original'`.
 */
export function streamingLlm(options: StreamingLlmOptions): CachePolicy {
  const sinks = checkInteger(options.sinks ?? streamingLlmDefaults.sinks, 'sinks', { min: 0 })
  const positions = checkOneOf(options.positions ?? streamingLlmDefaults.positions, 'positions', ['slots', 'original'])
  const slotted = positions === 'slots'
  const fixed = slotted ? readSlots(options.budget, sinks + 1) : 0
  const target = slotted ? () => fixed : readBudget(options.budget, sinks + 1)
  return {
    id: 'streaming-llm',
    triggers: triggersOf(options, streamingLlmDefaults.every),
    needs: () => [],
    start: () => ({
      act: ({ cache }): CacheAction[] => {
        const { length } = cache
        const kept = target(cache.nextPosition)
        if (length <= kept) return []
        const remove = { type: 'remove-range', from: sinks, to: length - (kept - sinks) } as const
        return slotted ? [remove, { type: 'reposition', to: 'slots' }] : [remove]
      },
    }),
  }
}
