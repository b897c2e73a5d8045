/** Limits of one batch. */
export interface BatchLimits {
  /** Tokens of a batch, padding included. */
  readonly maxTokens: number
  /** Query-key pairs of a batch, which bound the memory of attention: rows * T * T. */
  readonly maxPairs: number
  /** Texts of this many tokens and more only share a batch with texts of the same length, whatever their pairs. Defaults to none. */
  readonly neverPadFrom?: number
}

// matrix products of this many rows keep a CPU busy; longer ones gain little
const enoughTokens = 512

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
    if (current.length > 0 && !fits(lengths[current[0]!]!, current.length, lengths[index]!, limits)) {
      batches.push(current)
      current = []
    }
    current.push(index)
  }
  if (current.length > 0) batches.push(current)
  return batches
}

/** Whether a text may join a batch whose longest text and number are given. */
function fits(longest: number, count: number, length: number, limits: BatchLimits): boolean {
  if ((count + 1) * longest > limits.maxTokens) return false
  if (longest >= (limits.neverPadFrom ?? Number.POSITIVE_INFINITY)) return length === longest
  const wasteful = count * longest >= enoughTokens && length < 0.75 * longest
  return !wasteful && (count + 1) * longest * longest <= limits.maxPairs
}
