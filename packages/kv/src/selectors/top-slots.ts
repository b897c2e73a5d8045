/**
 * The `count` slots with the highest scores, ascending by slot; ties go to the lower slot. Scores are compared as
 * float32, so that every device selects the same slots. NaN counts as the lowest score.
 */
export function topSlots(scores: Float32Array, count: number): Uint32Array {
  const n = scores.length
  if (count >= n) return Uint32Array.from({ length: n }, (_, slot) => slot)
  if (count <= 0) return new Uint32Array(0)
  const threshold = kthHighest(scores, count)
  const kept = new Uint32Array(count)
  let above = 0
  for (let slot = 0; slot < n; slot++) if (scores[slot]! > threshold) above++
  let ties = count - above
  let filled = 0
  for (let slot = 0; slot < n && filled < count; slot++) {
    const score = scores[slot]!
    const isTie = score === threshold || (Number.isNaN(score) && threshold === Number.NEGATIVE_INFINITY)
    if (score > threshold) kept[filled++] = slot
    else if (isTie && ties > 0) {
      kept[filled++] = slot
      ties--
    }
  }
  return kept
}

/** The k-th highest value (k >= 1); NaN counts as -Infinity. Sorting typed arrays is native and allocates one copy. */
function kthHighest(scores: Float32Array, k: number): number {
  const sorted = scores.slice()
  for (let slot = 0; slot < sorted.length; slot++)
    if (Number.isNaN(sorted[slot]!)) sorted[slot] = Number.NEGATIVE_INFINITY
  sorted.sort()
  return sorted[sorted.length - k]!
}

/** The slots of `[0, n)` that are not in the ascending list `kept`. */
export function complement(kept: ArrayLike<number>, n: number): Uint32Array {
  const rest = new Uint32Array(n - kept.length)
  let next = 0
  let filled = 0
  for (let slot = 0; slot < n; slot++) {
    if (next < kept.length && kept[next] === slot) next++
    else rest[filled++] = slot
  }
  return rest
}
