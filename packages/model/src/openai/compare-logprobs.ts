/** @file Whether two lists of log-probabilities are the same, at the same place or shifted. */

/** The differences of generated log-probabilities from echoed ones. */
export interface LogprobComparison {
  /** Mean absolute difference at the right place. */
  mean: number
  largest: number
  /** Mean absolute difference against the echo one position later (`+1`) and earlier (`-1`); NaN where unknown. */
  shifted: { later: number; earlier: number }
}

/**
 * Compares the log-probabilities of generated tokens with those in an echo of prompt and answer.
 *
 * @param generated Of the generated tokens, `[K]`.
 * @param echoed Of the whole text, `[T]`.
 * @param start The position of the first generated token in the echo.
 */
export function compareLogprobs(
  generated: ArrayLike<number>,
  echoed: ArrayLike<number>,
  start: number,
): LogprobComparison {
  const atShift = (shift: number) => {
    let sum = 0
    let count = 0
    let largest = 0
    for (let index = 0; index < generated.length; index++) {
      const difference = Math.abs((generated[index] ?? Number.NaN) - (echoed[start + index + shift] ?? Number.NaN))
      if (Number.isNaN(difference)) continue
      sum += difference
      count++
      largest = Math.max(largest, difference)
    }
    // a shift runs out of the echo at one end
    const enough = count > 0 && count >= generated.length - Math.abs(shift)
    return { mean: enough ? sum / count : Number.NaN, largest }
  }
  const here = atShift(0)
  return { ...here, shifted: { later: atShift(1).mean, earlier: atShift(-1).mean } }
}

/** What a comparison means. */
export type LogprobVerdict = 'same' | 'inconclusive' | { seen: string }

/** Judges a comparison. `tolerance` is the mean difference, in nats, that number formats and kernels may cause. */
export function judgeComparison(comparison: LogprobComparison, tolerance: number): LogprobVerdict {
  const { mean, largest, shifted } = comparison
  const apart = (value: number) => Number.isNaN(value) || value > 3 * tolerance
  if (mean <= tolerance && largest <= 10 * tolerance)
    // tokens that are all equally likely would hide a shift
    return apart(shifted.later) && apart(shifted.earlier) ? 'same' : 'inconclusive'
  if (shifted.later <= tolerance) return { seen: 'its log-probabilities of a given text come one position late' }
  if (shifted.earlier <= tolerance) return { seen: 'its log-probabilities of a given text come one position early' }
  if (Number.isNaN(mean)) return { seen: 'it leaves out log-probabilities in the middle of a given text' }
  return {
    seen: `its log-probabilities of a given text differ from those of its own generation by ${mean.toFixed(2)} on average`,
  }
}

/** The likeliest token of a position and its log-probability. */
export interface Likeliest {
  token: string
  logprob: number
}

/**
 * Whether the alternatives in an echo are those of the neighbouring position: a server that reads its logits at the
 * wrong row gives each token its log-probability under the distribution of the next one, so that no value fits, while
 * the alternatives fit one position off.
 *
 * @param generated Of the generated positions, `[K]`.
 * @param echoed Of the whole text, `[T]`.
 * @param start The position of the first generated token in the echo.
 * @returns The shift, or undefined when the alternatives fit nowhere or in their place.
 */
export function shiftOfAlternatives(
  generated: readonly (Likeliest | undefined)[],
  echoed: readonly (Likeliest | undefined)[],
  start: number,
  tolerance: number,
): 'earlier' | 'later' | undefined {
  const fitting = (shift: number) => {
    let compared = 0
    let same = 0
    for (const [index, own] of generated.entries()) {
      const other = echoed[start + index + shift]
      if (!own || !other) continue
      compared++
      if (own.token === other.token && Math.abs(own.logprob - other.logprob) <= tolerance) same++
    }
    return compared >= 2 ? same / compared : 0
  }
  const here = fitting(0)
  const later = fitting(1)
  const earlier = fitting(-1)
  if (Math.max(later, earlier) < 0.8 || here > 0.5) return undefined
  return earlier > later ? 'earlier' : 'later'
}
