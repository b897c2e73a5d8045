/** @file Scores as steps of a colour scale, by rank: scores of different methods have different units, ranks have none. */

/** Steps of the scale, from least to most relevant. */
export const stepCount = 7

/**
 * The step of each score, 0 to 6; null where there is no score. Equal scores have equal steps; a single score is in the middle.
 */
export function colourSteps(scores: readonly (number | null)[]): (number | null)[] {
  const known = scores
    .filter((score): score is number => score !== null && Number.isFinite(score))
    .sort((a, b) => a - b)
  if (known.length === 0) return scores.map(() => null)
  return scores.map((score) => {
    if (score === null || !Number.isFinite(score)) return null
    const below = lowerBound(known, score)
    let equal = 0
    while (known[below + equal] === score) equal++
    const share = known.length === 1 ? 0.5 : (below + (equal - 1) / 2) / (known.length - 1)
    return Math.min(stepCount - 1, Math.floor(share * stepCount))
  })
}

function lowerBound(sorted: readonly number[], value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}
