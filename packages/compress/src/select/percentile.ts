/**
 * The value below which a share of the values lies, linear between ranks, NaN left out (numpy's default method).
 * @param percent from 0 to 100
 * @returns NaN for no values
 */
export function percentile(values: ArrayLike<number>, percent: number): number {
  const sorted = Array.from(values)
    .filter((value) => !Number.isNaN(value))
    .sort((a, b) => a - b)
  if (sorted.length === 0) return Number.NaN
  const place = (Math.min(100, Math.max(0, percent)) / 100) * (sorted.length - 1)
  const below = Math.floor(place)
  const above = Math.min(sorted.length - 1, below + 1)
  return sorted[below]! + (sorted[above]! - sorted[below]!) * (place - below)
}
