/**
 * @file CaM: an evicted slot leaves its value behind, spread evenly over the next kept slots, with a probability that
 * grows with the attention it drew. Keys are unchanged. `expected` replaces the draw by its mean.
 *
 * Source: Zhang et al., "CaM: Cache Merging for Memory-efficient LLMs Inference" (ICML 2024); zyxxmu/cam.
 */
/** An eviction and the slots that take its value. */
export interface ValueSpread {
  /** Accumulated attention of every slot. */
  attention: ArrayLike<number>
  evicted: number
  /** The kept slots that take the value: the next ones after the evicted slot. */
  targets: ArrayLike<number>
  /** Uniform in [0, 1), or `'expected'` for the deterministic mean. */
  random: (() => number) | 'expected'
}

/** What is added to each target's value: a factor on the evicted value. 0 means plain eviction. */
export function spreadFactor({ attention, evicted, targets, random }: ValueSpread): number {
  if (targets.length === 0) return 0
  let sum = 0
  for (let i = 0; i < targets.length; i++) sum += attention[targets[i]!]!
  const mean = sum / targets.length
  const probability = mean > 0 ? Math.min(1, Math.max(0, attention[evicted]! / mean)) : attention[evicted]! > 0 ? 1 : 0
  const share = random === 'expected' ? probability : random() < probability ? 1 : 0
  return share / targets.length
}
