/** Limits of one batch. */
export interface BatchLimits {
  /** Tokens of a batch, padding included. */
  readonly maxTokens: number
  /** Query-key pairs of a batch, which bound the memory of attention: rows * T * T. */
  readonly maxPairs: number
  /** Texts of this many tokens and more only share a batch with texts of the same length, whatever their pairs. Defaults to none. */
  readonly neverPadFrom?: number
}

/**
 * What one more run costs besides its tokens, in tokens: measured on two cores it is 10 to 30, since products of 64 rows keep them
 * as busy as longer ones.
 */
const runTokens = 24

/**
 * Groups texts of similar length, longest first, into the batches that cost least: tokens with their padding, and a little for each
 * batch. Exact, by dynamic programming over the sorted lengths. Gives indices into `lengths`; every text is in one batch, and a text
 * beyond the limits is alone in its own.
 */
export function planBatches(lengths: readonly number[], limits: BatchLimits): number[][] {
  const order = lengths.map((_, index) => index).sort((a, b) => lengths[b]! - lengths[a]! || a - b)
  const sorted = order.map((index) => lengths[index]!)
  // costs[n]: the least cost of the first n texts; starts[n]: where the last batch of that plan begins
  const costs = new Float64Array(sorted.length + 1).fill(Number.POSITIVE_INFINITY)
  const starts = new Uint32Array(sorted.length + 1)
  costs[0] = 0
  for (let start = 0; start < sorted.length; start++) {
    const longest = sorted[start]!
    for (let end = start + 1; end <= sorted.length; end++) {
      const count = end - start
      if (count > 1 && !fits(longest, count, sorted[end - 1]!, limits)) break
      const cost = costs[start]! + count * longest + runTokens
      if (cost >= costs[end]!) continue
      costs[end] = cost
      starts[end] = start
    }
  }
  const batches: number[][] = []
  for (let end = sorted.length; end > 0; end = starts[end]!) batches.push(order.slice(starts[end]!, end))
  return batches.reverse()
}

/** Whether so many texts, from the longest to one of this length, are a batch within the limits. */
function fits(longest: number, count: number, length: number, limits: BatchLimits): boolean {
  if (count * longest > limits.maxTokens) return false
  if (longest >= (limits.neverPadFrom ?? Number.POSITIVE_INFINITY)) return length === longest
  return count * longest * longest <= limits.maxPairs
}
