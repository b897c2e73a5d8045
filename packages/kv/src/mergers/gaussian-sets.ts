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
  const cosines = neighbourCosines(keys, from, to)
  const runs: { start: number; end: number }[] = []
  let start = from
  for (let slot = from + 1; slot <= to; slot++) {
    if (slot < to && cosines[slot - from]! > threshold) continue
    if (start < to) runs.push({ start, end: slot })
    start = slot
  }
  return runs
}

/** Neighbouring slots `[start, end)`. */
export interface SlotRun {
  readonly start: number
  readonly end: number
}

/**
 * The runs of slots `[from, to)` that are exactly `count` (or one for each slot, where there are fewer): cut where neighbours are
 * least similar, and around slots that stay alone. What `similarRuns` gives for the threshold that just meets the count.
 */
export function runsForCount(
  keys: HeadRows,
  range: { readonly from: number; readonly to: number; readonly alone: ArrayLike<number>; readonly count: number },
): SlotRun[] {
  const { from, to, count } = range
  const cut = new Uint8Array(to + 1)
  for (let index = 0; index < range.alone.length; index++) cut[range.alone[index]!] = cut[range.alone[index]! + 1] = 1
  cut[from] = 0
  let cuts = 0
  for (let slot = from + 1; slot < to; slot++) cuts += cut[slot]!
  const cosines = neighbourCosines(keys, from, to)
  const order = Array.from({ length: Math.max(0, to - from - 1) }, (_, index) => from + 1 + index)
    .filter((slot) => cut[slot] === 0)
    .sort((a, b) => cosines[a - from]! - cosines[b - from]! || a - b)
  for (const slot of order.slice(0, Math.max(0, count - 1 - cuts))) cut[slot] = 1
  const runs: SlotRun[] = []
  for (let slot = from + 1, start = from; slot <= to; slot++)
    if (slot === to || cut[slot] === 1) {
      runs.push({ start, end: slot })
      start = slot
    }
  return runs
}

/** The cosine of each slot's key with that of the slot before, from `from + 1` on. */
function neighbourCosines(keys: HeadRows, from: number, to: number): Float64Array {
  const { rows, headDim } = keys
  const norms = rowNorms(keys)
  const cosines = new Float64Array(to - from)
  for (let slot = from + 1; slot < to; slot++) {
    let dot = 0
    for (let d = 0; d < headDim; d++) dot += rows[(slot - 1) * headDim + d]! * rows[slot * headDim + d]!
    cosines[slot - from] = dot / Math.max(norms[slot - 1]! * norms[slot]!, 1e-12)
  }
  return cosines
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
