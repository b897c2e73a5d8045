/** @file Sums over the log-probabilities that a scorer returns. NaN marks a token that nothing precedes; it is left out. */

/**
 * Mean negative log-probability in nats per token.
 * @param skip tokens left out at the beginning
 * @returns NaN when no token is left
 */
export function meanNll(logprobs: ArrayLike<number>, skip = 0): number {
  let sum = 0
  let count = 0
  for (let index = skip; index < logprobs.length; index++) {
    const value = logprobs[index]!
    if (Number.isNaN(value)) continue
    // a zero probability must not make every mean infinite
    sum += Math.min(-value, 100)
    count++
  }
  return count === 0 ? Number.NaN : sum / count
}
