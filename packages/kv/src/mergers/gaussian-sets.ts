/**
 * @file KVMerger: runs of neighbouring tokens with similar keys become one slot, weighted by a Gaussian around the member
 * that drew most attention.
 *
 * Source: Wang et al., "Model Tells You Where to Merge" (arXiv 2407.08454); no official code. The paper's sigma is
 * circular; its grid search found 5 best, which is the default here. Values are summed in the paper (mass-preserving),
 * averaged in third-party code: `valueMass` chooses.
 */
import type { HeadRows } from '../scorers/key-scores.ts'
import { rowNorms } from '../scorers/key-scores.ts'

/** A run of slots `[start, end)` that becomes one. */
export interface MergeSet {
  start: number
  end: number
  /** The member whose position the merged slot takes. */
  pivot: number
  /** One weight per member, summing to 1. */
  weights: Float32Array
}

/**
 * Contiguous sets of slots `[from, to)` in which neighbours have a cosine above `threshold`. Sets are disjoint and cover
 * the range; a slot on its own is a set of one.
 */
export function similarRuns(
  keys: HeadRows,
  from: number,
  to: number,
  threshold: number,
): { start: number; end: number }[] {
  const { rows, headDim } = keys
  const norms = rowNorms(keys)
  const runs: { start: number; end: number }[] = []
  let start = from
  for (let slot = from + 1; slot <= to; slot++) {
    if (slot < to) {
      let dot = 0
      for (let d = 0; d < headDim; d++) dot += rows[(slot - 1) * headDim + d]! * rows[slot * headDim + d]!
      if (dot / Math.max(norms[slot - 1]! * norms[slot]!, 1e-12) > threshold) continue
    }
    if (start < to) runs.push({ start, end: slot })
    start = slot
  }
  return runs
}

/** Weights `exp(-|k_p - k_i|^2 / (2 sigma^2))`, normalised, around the member with the highest attention. */
export function gaussianSet(
  keys: HeadRows,
  attention: Float32Array,
  run: { start: number; end: number },
  sigma = 5,
): MergeSet {
  const { rows, headDim } = keys
  let pivot = run.start
  for (let slot = run.start; slot < run.end; slot++) if (attention[slot]! > attention[pivot]!) pivot = slot
  const raw = new Float64Array(run.end - run.start)
  let total = 0
  for (let slot = run.start; slot < run.end; slot++) {
    let distance = 0
    for (let d = 0; d < headDim; d++) distance += (rows[pivot * headDim + d]! - rows[slot * headDim + d]!) ** 2
    const weight = Math.exp(-distance / (2 * sigma * sigma))
    raw[slot - run.start] = weight
    total += weight
  }
  return { ...run, pivot, weights: Float32Array.from(raw, (weight) => weight / total) }
}

/** The weighted sum of the rows of a set, times its size when `mass` is `'sum'`. */
export function mergeRows({ rows, headDim }: HeadRows, set: MergeSet, mass: 'mean' | 'sum' = 'mean'): Float32Array {
  const merged = new Float64Array(headDim)
  const factor = mass === 'sum' ? set.end - set.start : 1
  for (let slot = set.start; slot < set.end; slot++) {
    const weight = set.weights[slot - set.start]! * factor
    for (let d = 0; d < headDim; d++) merged[d]! += weight * rows[slot * headDim + d]!
  }
  return Float32Array.from(merged)
}
