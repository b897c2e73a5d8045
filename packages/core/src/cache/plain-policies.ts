import { checkInteger } from '@lc/model/check'
import type { CachePolicy } from './cache-policy.ts'

/** Everything is kept. */
export const fullCache: CachePolicy = {
  id: 'full',
  triggers: [],
  needs: () => [],
  start: () => ({ act: () => [] }),
}

/**
 * The first `sink` tokens and the last `window` (StreamingLLM, Xiao et al. 2023). `positions: 'slots'` renumbers what is kept, as the
 * paper does; `'original'` (default) leaves positions as they were.
 */
export function sinkWindowCache(options: {
  readonly sink: number
  readonly window: number
  readonly positions?: 'original' | 'slots'
}): CachePolicy {
  const sink = checkInteger(options.sink, 'sink', { min: 0 })
  const window = checkInteger(options.window, 'window', { min: 1 })
  return {
    id: `sink-window(${sink}, ${window})`,
    triggers: [{ on: 'prefill-end' }, { on: 'step' }],
    needs: () => [],
    start: () => ({
      act({ cache }) {
        const { length } = cache
        if (length <= sink + window) return []
        const keep = { type: 'remove-range', from: sink, to: length - window } as const
        return options.positions === 'slots' ? [keep, { type: 'reposition', to: 'slots' }] : [keep]
      },
    }),
  }
}
