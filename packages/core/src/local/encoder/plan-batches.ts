/** Limits of one batch. */
export interface BatchLimits {
  /** Tokens of a batch, padding included. */
  readonly maxTokens: number
  /** Query-key pairs of a batch, which bound the memory of attention: rows * T * T. */
  readonly maxPairs: number
}

/**
 * Groups texts of similar length, longest first, so that little is padded: a batch ends at the limits, and once it fills the cores it
 * also ends where a text would be padded by more than a quarter. Gives indices into `lengths`; every text is in one batch, and a text
 * beyond the limits is alone in its own.
 */
export function planBatches(lengths: readonly number[], limits: BatchLimits): number[][] {
  const order = lengths.map((_, index) => index).sort((a, b) => lengths[b]! - lengths[a]! || a - b)
  const batches: number[][] = []
  let current: number[] = []
  for (const index of order) {
    const longest = lengths[current[0] ?? index]!
    const rows = current.length + 1
    const full = rows * longest > limits.maxTokens || rows * longest * longest > limits.maxPairs
    const wasteful = current.length * longest >= enoughTokens && lengths[index]! < 0.75 * longest
    if (current.length > 0 && (full || wasteful)) {
      batches.push(current)
      current = []
    }
    current.push(index)
  }
  if (current.length > 0) batches.push(current)
  return batches
}

// matrix products of this many rows keep a CPU busy; longer ones gain little
const enoughTokens = 512
