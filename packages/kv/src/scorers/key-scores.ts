/** @file Scores that need the cached keys (and values) alone: no attention, no queries, no second pass. */

/** The rows of one (layer, key/value head): `n` rows of `headDim`, row-major. */
export interface HeadRows {
  rows: Float32Array
  headDim: number
}

const count = ({ rows, headDim }: HeadRows): number => rows.length / headDim

/** The length of each row, as float64 for the divisions that follow. */
export function rowNorms(head: HeadRows): Float64Array {
  const { rows, headDim } = head
  const norms = new Float64Array(count(head))
  for (let slot = 0; slot < norms.length; slot++) {
    let sum = 0
    for (let i = slot * headDim; i < (slot + 1) * headDim; i++) sum += rows[i]! * rows[i]!
    norms[slot] = Math.sqrt(sum)
  }
  return norms
}

/** Knorm: the negative key length; short keys stay. Source: Devoto et al., "A Simple and Effective L2 Norm-Based Strategy for KV Cache Compression". */
export function keyNormScores(keys: HeadRows): Float32Array {
  return Float32Array.from(rowNorms(keys), (norm) => -norm)
}

/**
 * KeyDiff: minus the cosine of each key with the mean of the normalised keys; keys unlike the others stay. In [-1, 1],
 * unchanged when a key is scaled or all keys are rotated alike.
 *
 * Source: Park et al., "KeyDiff: Key Similarity-Based KV Cache Eviction".
 */
export function keyDifferenceScores(keys: HeadRows): Float32Array {
  const { rows, headDim } = keys
  const n = count(keys)
  const norms = rowNorms(keys)
  const anchor = new Float64Array(headDim)
  for (let slot = 0; slot < n; slot++) {
    const scale = 1 / Math.max(norms[slot]!, 1e-12) / n
    for (let d = 0; d < headDim; d++) anchor[d]! += rows[slot * headDim + d]! * scale
  }
  let anchorNorm = 0
  for (const value of anchor) anchorNorm += value * value
  anchorNorm = Math.max(Math.sqrt(anchorNorm), 1e-12)
  const scores = new Float32Array(n)
  for (let slot = 0; slot < n; slot++) {
    let dot = 0
    for (let d = 0; d < headDim; d++) dot += rows[slot * headDim + d]! * anchor[d]!
    scores[slot] = -dot / (Math.max(norms[slot]!, 1e-12) * anchorNorm)
  }
  return scores
}

/**
 * CUR: squared key length times squared value length, each as a share of its local window. Source: "Value-Guided KV Compression
 * for LLMs via Approximated CUR Decomposition" (2025); NVIDIA/kvpress (CURPress).
 */
export function curScores(keys: HeadRows, values: HeadRows, windowLength = 16): Float32Array {
  const keyShares = windowShares(rowNorms(keys), windowLength)
  const valueShares = windowShares(rowNorms(values), windowLength)
  return Float32Array.from(keyShares, (share, slot) => share * valueShares[slot]!)
}

/** Squares as shares of the sum of their window. */
function windowShares(norms: Float64Array, windowLength: number): Float64Array {
  const shares = norms.map((norm) => norm * norm)
  for (let start = 0; start < shares.length; start += windowLength) {
    const window = shares.subarray(start, start + windowLength)
    const sum = window.reduce((total, square) => total + square, 0)
    if (sum > 0) for (let slot = 0; slot < window.length; slot++) window[slot]! /= sum
  }
  return shares
}
