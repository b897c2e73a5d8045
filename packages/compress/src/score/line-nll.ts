/** @file Line perplexities from one forward pass over a whole unit: a token belongs to the line in which it starts. */
import type { Span } from '@lc/model'

/**
 * Mean negative log-probability of each line given all text before it, in nats per token.
 * @param spans for each token its range in the text, ascending
 * @param logprobs one per token; NaN (the first token) counts for nothing
 * @param lineStarts the offsets at which lines begin, ascending, the first 0
 * @returns one value per line; 0 for a line in which no scored token starts
 */
export function lineNlls(
  spans: readonly Span[],
  logprobs: ArrayLike<number>,
  lineStarts: ArrayLike<number>,
): Float64Array {
  const sums = new Float64Array(lineStarts.length)
  const counts = new Uint32Array(lineStarts.length)
  let line = 0
  for (let token = 0; token < spans.length; token++) {
    const start = spans[token]!.start
    while (line + 1 < lineStarts.length && lineStarts[line + 1]! <= start) line++
    const value = logprobs[token]!
    if (Number.isNaN(value)) continue
    sums[line]! += Math.min(-value, 100)
    counts[line]!++
  }
  for (let index = 0; index < sums.length; index++) if (counts[index]! > 0) sums[index]! /= counts[index]!
  return sums
}
