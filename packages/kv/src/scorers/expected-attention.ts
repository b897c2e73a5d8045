/**
 * @file ExpectedAttention: what future queries, taken as Gaussian, will look at.
 *
 * Source: "Expected Attention: KV Cache Compression by Estimating Attention from Future Queries Distribution";
 * NVIDIA/kvpress (ExpectedAttentionPress).
 */
import type { GaussianQueries } from '@lc/core'

/**
 * The mean rotation over positions `[from, from + count)` as one cosine and one sine per half-split RoPE plane. Fast
 * planes nearly vanish: their length is `|sin(count theta / 2) / (count sin(theta / 2))|`.
 */
export function meanRotation(
  inverseFrequencies: ArrayLike<number>,
  from: number,
  count: number,
): { cos: Float64Array; sin: Float64Array } {
  const planes = inverseFrequencies.length
  const cos = new Float64Array(planes)
  const sin = new Float64Array(planes)
  for (let plane = 0; plane < planes; plane++) {
    for (let position = from; position < from + count; position++) {
      cos[plane]! += Math.cos(position * inverseFrequencies[plane]!) / count
      sin[plane]! += Math.sin(position * inverseFrequencies[plane]!) / count
    }
  }
  return { cos, sin }
}

/**
 * Applies a (mean) rotation R to statistics: `R mean`, `R covariance R^T`; half-split planes (d, d + R/2), where R, the rotated
 * dimensions, may be fewer than all.
 */
export function rotateStatistics(
  { mean, covariance }: GaussianQueries,
  { cos, sin }: { cos: Float64Array; sin: Float64Array },
): GaussianQueries {
  const headDim = mean.length
  const half = cos.length
  const rotate = (vector: Float64Array, offset: number, stride: number) => {
    for (let plane = 0; plane < half; plane++) {
      const a = offset + plane * stride
      const b = offset + (plane + half) * stride
      const x = vector[a]!
      const y = vector[b]!
      vector[a] = x * cos[plane]! - y * sin[plane]!
      vector[b] = y * cos[plane]! + x * sin[plane]!
    }
  }
  const rotated = { mean: mean.slice(), covariance: covariance.slice() }
  rotate(rotated.mean, 0, 1)
  for (let row = 0; row < headDim; row++) rotate(rotated.covariance, row * headDim, 1)
  for (let column = 0; column < headDim; column++) rotate(rotated.covariance, column, headDim)
  return rotated
}

/**
 * The scores of one key/value head: softmax of the expected logits over the slots after the sinks, averaged over the
 * query heads of the group, plus `epsilon`, times the value's length. Sinks get the highest score.
 *
 * @param logits by query head of the group: the log of the expected exponential of each slot's score
 * @param norms lengths of the values
 */
export function expectedAttentionScores(
  logits: readonly ArrayLike<number>[],
  norms: ArrayLike<number>,
  { sinks = 4, epsilon = 0 }: { sinks?: number; epsilon?: number } = {},
): Float32Array {
  const n = norms.length
  const sum = new Float64Array(n)
  for (const each of logits) addSoftmax(sum, each, sinks, 1 / logits.length)
  const scores = new Float32Array(n)
  let max = 0
  for (let slot = sinks; slot < n; slot++) {
    scores[slot] = (sum[slot]! + epsilon) * norms[slot]!
    if (scores[slot]! > max) max = scores[slot]!
  }
  scores.fill(max + 1, 0, Math.min(sinks, n))
  return scores
}

/** Adds the softmax over the slots from `first` on, times a weight. */
function addSoftmax(sum: Float64Array, logits: ArrayLike<number>, first: number, weight: number): void {
  const n = sum.length
  let max = Number.NEGATIVE_INFINITY
  for (let slot = first; slot < n; slot++) if (logits[slot]! > max) max = logits[slot]!
  const exponentials = new Float64Array(n)
  let total = 0
  for (let slot = first; slot < n; slot++) {
    const exponential = Math.exp(logits[slot]! - max)
    exponentials[slot] = exponential
    total += exponential
  }
  for (let slot = first; slot < n; slot++) sum[slot]! += (exponentials[slot]! / total) * weight
}
