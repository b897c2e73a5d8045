/** @file Shares of a budget in proportion to wishes, none above its own size: what a full share cannot take goes to the others. */

/**
 * Amounts in proportion to `wishes`, each at most its `limit`, that sum to `total` (or to all limits, if they sum to less).
 * @param wishes >= 0; when all are 0 the limits stand in for them
 */
export function waterFill(wishes: ArrayLike<number>, limits: ArrayLike<number>, total: number): Float64Array {
  const count = wishes.length
  const shares = new Float64Array(count)
  let open = Array.from({ length: count }, (_, index) => index).filter((index) => limits[index]! > 0)
  let left = Math.max(0, total)
  while (open.length > 0 && left > 1e-9) {
    let sum = 0
    for (const index of open) sum += wishes[index]!
    const weightOf = (index: number): number => (sum > 0 ? wishes[index]! / sum : limits[index]! / sumOf(limits, open))
    const full = open.filter((index) => left * weightOf(index) >= limits[index]! - shares[index]!)
    if (full.length === 0) {
      for (const index of open) shares[index]! += left * weightOf(index)
      break
    }
    // only the full ones are settled in this round; the rest is shared out anew
    for (const index of full) {
      left -= limits[index]! - shares[index]!
      shares[index] = limits[index]!
    }
    open = open.filter((index) => !full.includes(index))
  }
  return shares
}

function sumOf(values: ArrayLike<number>, indices: readonly number[]): number {
  let sum = 0
  for (const index of indices) sum += values[index]!
  return sum
}
