import { checkArgument, checkInteger, checkOneOf } from '@lc/model/check'

/** How neighbouring scores are pooled: SnapKV keeps what surrounds a strong slot, not the slot alone. */
export type Pooling = { readonly kind: 'average' | 'max'; readonly kernel: number }

/** Checks a pooling; an even kernel would shift scores by half a slot. */
export function checkPooling(pooling: Pooling): Pooling {
  checkOneOf(pooling.kind, 'pooling.kind', ['average', 'max'])
  checkInteger(pooling.kernel, 'pooling.kernel', { min: 1 })
  checkArgument(pooling.kernel % 2 === 1, 'pooling.kernel', pooling.kernel, 'an odd integer >= 1')
  return pooling
}

/**
 * One-dimensional pooling with stride 1 and padding `floor(kernel / 2)`, as in PyTorch: the average counts the zero
 * padding in its denominator, the maximum ignores it. An odd kernel keeps the length.
 *
 * Source: Li et al., "SnapKV" (2024), and FasterDecoding/SnapKV.
 */
export function poolScores(scores: Float32Array, { kind, kernel }: Pooling): Float32Array {
  if (kernel <= 1) return scores.slice()
  const half = kernel >> 1
  const n = scores.length
  const pooled = new Float32Array(n)
  for (let slot = 0; slot < n; slot++) {
    const end = Math.min(n, slot + half + 1)
    let sum = 0
    let max = Number.NEGATIVE_INFINITY
    for (let other = Math.max(0, slot - half); other < end; other++) {
      sum += scores[other]!
      if (scores[other]! > max) max = scores[other]!
    }
    pooled[slot] = kind === 'average' ? sum / kernel : max
  }
  return pooled
}
