import type { HeadRows } from './key-scores.ts'

/** Options of `lagScores`. */
export interface LagOptions {
  /** Slots at the start that are not scored. Defaults to 4. */
  sinks?: number
  /** Slots per partition. Defaults to 128. */
  partition?: number
}

/**
 * LagKV: each partition is normalised channel by channel with the range of the *next* one; slots whose normalised key and
 * value vary most over channels stay. Ranks within a partition are the scores, so that every partition keeps the same
 * share. Sinks and the last (unscored) stretch get the highest score.
 *
 * Source: Liang et al., "LagKV" (2025); NVIDIA/kvpress (LagKVPress).
 *
 * @returns scores in [0, 1], or undefined when there are fewer than `sinks + 2 * partition` slots: nothing to compare with
 */
export function lagScores(
  keys: HeadRows,
  values: HeadRows,
  { sinks = 4, partition = 128 }: LagOptions = {},
): Float32Array | undefined {
  const n = keys.rows.length / keys.headDim
  if (n < sinks + 2 * partition) return undefined
  const scores = new Float32Array(n).fill(1)
  const scored = Math.floor((n - sinks) / partition) - 1
  for (let index = 0; index < scored; index++) {
    const start = sinks + index * partition
    const keyShare = softmaxOfSpread(keys, start, partition)
    const valueShare = softmaxOfSpread(values, start, partition)
    const means = keyShare.map((share, i) => (share + valueShare[i]!) / 2)
    const order = Array.from(means.keys()).sort((a, b) => means[a]! - means[b]! || a - b)
    for (const [rank, slot] of order.entries()) scores[start + slot] = rank / partition
  }
  return scores
}

/** Softmax over a partition of the standard deviation over channels, after normalising by the next partition's range. */
function softmaxOfSpread({ rows, headDim }: HeadRows, start: number, partition: number): Float64Array {
  const low = new Float64Array(headDim).fill(Number.POSITIVE_INFINITY)
  const high = new Float64Array(headDim).fill(Number.NEGATIVE_INFINITY)
  for (let slot = start + partition; slot < start + 2 * partition; slot++) {
    for (let d = 0; d < headDim; d++) {
      const value = rows[slot * headDim + d]!
      if (value < low[d]!) low[d] = value
      if (value > high[d]!) high[d] = value
    }
  }
  const spread = new Float64Array(partition)
  for (let slot = 0; slot < partition; slot++) {
    let sum = 0
    let squares = 0
    for (let d = 0; d < headDim; d++) {
      const value = (rows[(start + slot) * headDim + d]! - low[d]!) / (high[d]! - low[d]!)
      sum += value
      squares += value * value
    }
    // the unbiased deviation, as torch.std
    spread[slot] = Math.sqrt(Math.max(0, (squares - (sum * sum) / headDim) / (headDim - 1)))
  }
  const max = spread.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
  let total = 0
  for (let slot = 0; slot < partition; slot++) {
    spread[slot] = Math.exp(spread[slot]! - max)
    total += spread[slot]!
  }
  return spread.map((value) => value / total)
}
