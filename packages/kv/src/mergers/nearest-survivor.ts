/**
 * @file LOOK-M's merging: each evicted slot goes into the surviving slot with the most similar key; values follow the
 * keys' map. And the value-only rule of NVIDIA/kvpress (MergingPress), which leaves rotated keys untouched.
 *
 * Source: Wan et al., "LOOK-M" (2024); SUSTechBruce/LOOK-M (averaged, pivotal, weighted); NVIDIA/kvpress.
 */
import { type HeadRows, rowNorms } from '../scorers/key-scores.ts'

/** For each evicted slot the index (into `kept`) of its survivor, and the cosine of their keys. */
export interface MergeMap {
  survivor: Uint32Array
  similarity: Float32Array
}

/** Assigns every evicted slot to the kept slot with the largest key cosine; ties go to the lower slot. Costs evicted x kept x headDim. */
export function nearestSurvivors(keys: HeadRows, kept: ArrayLike<number>, evicted: ArrayLike<number>): MergeMap {
  const { rows, headDim } = keys
  const norms = rowNorms(keys)
  const survivor = new Uint32Array(evicted.length)
  const similarity = new Float32Array(evicted.length)
  for (let e = 0; e < evicted.length; e++) {
    const from = evicted[e]!
    let best = Number.NEGATIVE_INFINITY
    for (let c = 0; c < kept.length; c++) {
      const to = kept[c]!
      let dot = 0
      for (let d = 0; d < headDim; d++) dot += rows[from * headDim + d]! * rows[to * headDim + d]!
      const cosine = dot / Math.max(norms[from]! * norms[to]!, 1e-12)
      if (cosine > best) {
        best = cosine
        survivor[e] = c
      }
    }
    similarity[e] = best
  }
  return { survivor, similarity }
}

/** How members enter their survivor: plain mean, mean of midpoints with the survivor, or mean weighted by similarity. */
export type MergeRule = 'averaged' | 'pivotal' | 'weighted'

/** The rows of the survivors after merging, `[kept, headDim]`. With n members a survivor divides by n + 1 in all rules. */
export function mergeIntoSurvivors(
  rowsOf: HeadRows,
  kept: ArrayLike<number>,
  evicted: ArrayLike<number>,
  map: MergeMap,
  rule: MergeRule,
): Float32Array {
  const { rows, headDim } = rowsOf
  const merged = new Float64Array(kept.length * headDim)
  const members = new Uint32Array(kept.length)
  for (let c = 0; c < kept.length; c++) {
    for (let d = 0; d < headDim; d++) merged[c * headDim + d] = rows[kept[c]! * headDim + d]!
  }
  for (let e = 0; e < evicted.length; e++) {
    const c = map.survivor[e]!
    members[c]!++
    for (let d = 0; d < headDim; d++) {
      const own = rows[kept[c]! * headDim + d]!
      const other = rows[evicted[e]! * headDim + d]!
      merged[c * headDim + d]! +=
        rule === 'averaged' ? other : rule === 'pivotal' ? (own + other) / 2 : map.similarity[e]! * other
    }
  }
  return Float32Array.from(merged, (value, i) => value / (members[Math.floor(i / headDim)]! + 1))
}

/**
 * kvpress's value merge: `v' = (v + sum w v_e) / (1 + sum w)` with `w = max(similarity, 0) |v_e| / (|v_e| + |v|)`. The
 * result lies in the convex hull of the values; keys stay, so their rotation stays valid.
 */
export function mergeValues(
  values: HeadRows,
  kept: ArrayLike<number>,
  evicted: ArrayLike<number>,
  map: MergeMap,
): Float32Array {
  const { rows, headDim } = values
  const norms = rowNorms(values)
  const merged = new Float64Array(kept.length * headDim)
  const weights = new Float64Array(kept.length).fill(1)
  for (let c = 0; c < kept.length; c++) {
    for (let d = 0; d < headDim; d++) merged[c * headDim + d] = rows[kept[c]! * headDim + d]!
  }
  for (let e = 0; e < evicted.length; e++) {
    const c = map.survivor[e]!
    const sum = norms[evicted[e]!]! + norms[kept[c]!]!
    const weight = sum > 0 ? (Math.max(map.similarity[e]!, 0) * norms[evicted[e]!]!) / sum : 0
    weights[c]! += weight
    for (let d = 0; d < headDim; d++) merged[c * headDim + d]! += weight * rows[evicted[e]! * headDim + d]!
  }
  return Float32Array.from(merged, (value, i) => value / weights[Math.floor(i / headDim)]!)
}
