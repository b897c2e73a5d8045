import { checkNumber, checkOneOf } from '@lc/model/check'
import { adaptiveBudgetsExact, adaptiveBudgetsOfficial } from '../budgeters/adaptive.ts'
import { type ScoredPolicy, scoredPolicy } from '../policy/scored-policy.ts'

/** Options of `adaKv`. */
export interface AdaKvOptions {
  /** The policy whose scores and budget are used, `snapKv(...)` in the paper. */
  readonly base: ScoredPolicy
  /** The part of the budget that every head gets. Defaults to 0.2. */
  readonly alpha?: number
  /**
   * `'exact'` (default) meets the layer's total; `'official'` rounds each head as the official code does and can miss it by a few
   * slots; `'kvpress'` counts protected slots as candidates that are safe, as AdaKVPress does.
   */
  readonly variant?: 'exact' | 'official' | 'kvpress'
}

/** The defaults of `adaKv`. */
export const adaKvDefaults = Object.freeze({ alpha: 0.2, variant: 'exact' } as const)

/**
 * AdaKV: the slots of a layer go to the best of all its heads, so that heads which spread their attention get more. A part
 * stays even. Heads become unequally long.
 *
 * Feng et al., "Ada-KV: Optimizing KV Cache Eviction by Adaptive Budget Allocation" (2024); FFY0/AdaKV, NVIDIA/kvpress.
 */
export function adaKv(options: AdaKvOptions): ScoredPolicy {
  const alpha = checkNumber(options.alpha ?? adaKvDefaults.alpha, 'alpha', { min: 0, max: 1 })
  const variant = checkOneOf(options.variant ?? adaKvDefaults.variant, 'variant', ['exact', 'official', 'kvpress'])
  const { parts } = options.base
  const evenly = parts.share
  return scoredPolicy({
    ...parts,
    id: `ada-kv(${parts.id})`,
    share: (context) =>
      context.scores.map((heads, layer) => {
        // where the base shares over layers, its number for this layer is the mean
        const mean = evenly ? evenly(context)[layer]![0]! : context.mean
        if (variant === 'official') return adaptiveBudgetsOfficial(heads, mean, alpha)
        if (variant === 'exact') return adaptiveBudgetsExact(heads, mean, alpha)
        const safe = Math.max(0, Math.floor((mean + context.protectedSlots) * alpha) - context.protectedSlots)
        return adaptiveBudgetsExact(heads, mean, mean > 0 ? safe / mean : 0)
      }),
  })
}
