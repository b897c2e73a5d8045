/** @file How the budget is shared between selected functions (LongCodeZip, equation 5). */
import { waterFill } from '../select/water-fill.ts'

export interface UnitBudgetInput {
  /** Tokens of each unit. */
  tokens: ArrayLike<number>
  /** Relevance of each unit. */
  scores: ArrayLike<number>
  /** Tokens for all of them together. */
  total: number
  /** How far shares follow relevance; 0 is uniform. */
  beta: number
}

/**
 * The share of each unit that is kept, in [0, 1]. Rates are biased by min-max-normalised relevance and rescaled to the total;
 * what a unit that is kept whole cannot take goes to the others.
 */
export function unitRates(input: UnitBudgetInput): Float64Array {
  const { tokens, scores, total, beta } = input
  const count = tokens.length
  let all = 0
  for (let index = 0; index < count; index++) all += tokens[index]!
  const base = all > 0 ? total / all : 0
  const normalised = minMax(scores)
  const wishes = Float64Array.from(normalised, (score, index) => {
    const biased = Math.min(1, Math.max(0, base * (1 + beta * (2 * score - 1))))
    return biased * tokens[index]!
  })
  const shares = waterFill(wishes, tokens, total)
  return shares.map((share, index) => (tokens[index]! > 0 ? share / tokens[index]! : 1))
}

/** Values scaled to [0, 1]; all 0.5 when they are equal. */
export function minMax(values: ArrayLike<number>): Float64Array {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (let index = 0; index < values.length; index++) {
    low = Math.min(low, values[index]!)
    high = Math.max(high, values[index]!)
  }
  const range = high - low
  return Float64Array.from(values, (value) => (range > 0 ? (value - low) / range : 0.5))
}
