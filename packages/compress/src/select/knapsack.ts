/** @file Exact 0/1 knapsack by dynamic programming over whole capacities. */

/**
 * The set of items with the largest total value whose weights sum to at most `capacity`.
 * Items of value 0 or less are taken only if they weigh nothing. Of equal sets the one with earlier items wins.
 * @param weights whole numbers >= 0
 * @returns 1 for each item taken
 */
export function knapsack(weights: ArrayLike<number>, values: ArrayLike<number>, capacity: number): Uint8Array {
  const count = weights.length
  const room = Math.max(0, Math.floor(capacity))
  const taken = new Uint8Array(count)
  // best[w]: the best value of items index.. with capacity w
  const best = new Float64Array(room + 1)
  const choices: Uint8Array[] = []
  for (let index = count - 1; index >= 0; index--) {
    const weight = weights[index]!
    const value = Math.max(0, values[index]!)
    const choice = new Uint8Array(room + 1)
    for (let left = room; left >= weight; left--) {
      const withItem = best[left - weight]! + value
      if (withItem > best[left]! || (withItem === best[left]! && value > 0)) {
        best[left] = withItem
        choice[left] = 1
      }
    }
    choices[index] = choice
  }
  let left = room
  for (let index = 0; index < count; index++) {
    if (choices[index]![left] === 0) continue
    taken[index] = 1
    left -= weights[index]!
  }
  return taken
}
