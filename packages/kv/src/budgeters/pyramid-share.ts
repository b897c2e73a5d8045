/** @file PyramidKV's layer budgets as shares of a mean: the same formula, its total met exactly; and kvpress's rounding. */
import type { ShareContext } from '../policy/scored-policy.ts'

/**
 * Numbers that fall linearly over `layers` around a mean, none above `most`, each rounded down or up, with the total
 * `layers * mean` exactly (or `layers * most` where that is less).
 */
export function linearCounts(options: { layers: number; mean: number; most: number; beta: number }): number[] {
  const { layers, most, beta } = options
  const mean = Math.min(options.mean, most)
  const highest = Math.min(most, 2 * mean - mean / beta)
  const step = layers > 1 ? (2 * (highest - mean)) / (layers - 1) : 0
  const exact = Array.from({ length: layers }, (_, layer) => (layers > 1 ? highest - layer * step : mean))
  const counts = exact.map((count) => Math.floor(count + 1e-9))
  const missing = Math.round(layers * mean) - counts.reduce((sum, count) => sum + count, 0)
  const byRest = [...counts.keys()].sort((a, b) => exact[b]! - counts[b]! - (exact[a]! - counts[a]!) || a - b)
  for (const layer of byRest.slice(0, Math.max(0, missing))) counts[layer]!++
  return counts
}

/** PyramidKV's share, with the total met exactly. */
export function pyramidShare(beta: number): (context: ShareContext) => ArrayLike<number>[] {
  return ({ scores, mean, length, protectedSlots }) => {
    const counts = linearCounts({ layers: scores.length, mean, most: length - protectedSlots, beta })
    return scores.map((heads, layer) => heads.map(() => counts[layer]!))
  }
}

/**
 * The budgets of NVIDIA/kvpress's PyramidKVPress: real-valued, from a mean that does not count the window, falling back to an
 * even share where the last layer would get less than the window.
 */
export function pyramidShareOfKvpress(beta: number): (context: ShareContext) => ArrayLike<number>[] {
  return ({ scores, mean: unprotected, length, protectedSlots: window }) => {
    const mean = unprotected + window
    let least = mean / beta
    let most = 2 * mean - least
    if (most >= length - window) {
      most = length - window
      least = 2 * mean - most
    }
    const fits = length >= most && most >= least && least >= window
    const step = scores.length > 1 ? (most - least) / (scores.length - 1) : 0
    return scores.map((heads, layer) => {
      const kept = fits ? Math.round(most - layer * step) : Math.max(1, Math.round(mean))
      return heads.map(() => Math.max(0, kept - window))
    })
  }
}
