/**
 * @file ExpectedAttention: what future queries, taken as Gaussian, will look at.
 *
 * Source: "Expected Attention: KV Cache Compression by Estimating Attention from Future Queries Distribution";
 * NVIDIA/kvpress (ExpectedAttentionPress).
 */
import { type HeadRows, rowNorms } from './key-scores.ts'

/** Mean `[D]` and biased covariance `[D, D]` of rows. */
export interface QueryStatistics {
  mean: Float64Array
  covariance: Float64Array
}

/** Statistics of the pre-rotary queries `[from, n)` of one query head. */
export function queryStatistics({ rows, headDim }: HeadRows, from: number): QueryStatistics {
  const n = rows.length / headDim - from
  const mean = new Float64Array(headDim)
  const covariance = new Float64Array(headDim * headDim)
  for (let row = from; row < from + n; row++) for (let d = 0; d < headDim; d++) mean[d]! += rows[row * headDim + d]! / n
  const centred = new Float64Array(headDim)
  for (let row = from; row < from + n; row++) {
    for (let d = 0; d < headDim; d++) centred[d] = rows[row * headDim + d]! - mean[d]!
    for (let i = 0; i < headDim; i++) {
      const scaled = centred[i]! / n
      for (let j = 0; j < headDim; j++) covariance[i * headDim + j]! += scaled * centred[j]!
    }
  }
  return { mean, covariance }
}

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
  { mean, covariance }: QueryStatistics,
  { cos, sin }: { cos: Float64Array; sin: Float64Array },
): QueryStatistics {
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

/** `k·mean / sqrt(D) + k·covariance·k / (2 D)` for every (post-rotary) key: the log of the expected `exp(q·k / sqrt(D))`. */
export function expectedLogits({ rows, headDim }: HeadRows, { mean, covariance }: QueryStatistics): Float64Array {
  const n = rows.length / headDim
  const logits = new Float64Array(n)
  for (let slot = 0; slot < n; slot++) {
    const key = rows.subarray(slot * headDim, (slot + 1) * headDim)
    let linear = 0
    let quadratic = 0
    for (let i = 0; i < headDim; i++) {
      linear += key[i]! * mean[i]!
      // the covariance is symmetric: half of it does
      let inner = 0
      for (let j = 0; j < i; j++) inner += covariance[i * headDim + j]! * key[j]!
      quadratic += key[i]! * (2 * inner + covariance[i * headDim + i]! * key[i]!)
    }
    logits[slot] = linear / Math.sqrt(headDim) + quadratic / (2 * headDim)
  }
  return logits
}

/**
 * The scores of one key/value head: softmax of the expected logits over the slots after the sinks, averaged over the
 * query heads of the group, plus `epsilon`, times the value's length. Sinks get the highest score.
 */
export function expectedAttentionScores(
  keys: HeadRows,
  values: HeadRows,
  group: readonly QueryStatistics[],
  { sinks = 4, epsilon = 0 }: { sinks?: number; epsilon?: number } = {},
): Float32Array {
  const n = keys.rows.length / keys.headDim
  const sum = new Float64Array(n)
  for (const statistics of group) {
    const logits = expectedLogits(keys, statistics)
    let max = Number.NEGATIVE_INFINITY
    for (let slot = sinks; slot < n; slot++) if (logits[slot]! > max) max = logits[slot]!
    let total = 0
    for (let slot = sinks; slot < n; slot++) total += Math.exp(logits[slot]! - max)
    for (let slot = sinks; slot < n; slot++) sum[slot]! += Math.exp(logits[slot]! - max) / total / group.length
  }
  const norms = rowNorms(values)
  const scores = Float32Array.from(sum, (share, slot) => (share + epsilon) * norms[slot]!)
  let max = 0
  for (let slot = sinks; slot < n; slot++) if (scores[slot]! > max) max = scores[slot]!
  scores.fill(max + 1, 0, Math.min(sinks, n))
  return scores
}
