import { checkInteger } from '../check/check-argument.ts'
import type { Span } from '../text/span.ts'
import type { TokenBudget } from './token-budget.ts'

/** Options of `truncateToTokens`. */
export interface TruncateToTokensOptions {
  /** Which end of the text stays. Defaults to `'start'`. */
  keep?: 'start' | 'end'
}

/** How many longer cuts in a row must fail before the search ends: a longer text can be cheaper than a shorter one. */
const mostMisses = 4

/**
 * The longest start (or end) of a text that fits the budget, cut at a boundary of the text's own tokens. The cut text is
 * counted again as it stands, since a cut can change how its edge is tokenised.
 */
export function truncateToTokens(text: string, budget: TokenBudget, options: TruncateToTokensOptions = {}): Span {
  const { tokens, tokenizer } = budget
  checkInteger(tokens, 'budget.tokens', { min: 0 })
  const { keep = 'start' } = options
  const { spans } = tokenizer.encode(text)
  const all = { start: 0, end: text.length }
  if (spans.length <= tokens) return all
  const cut = (count: number): Span => {
    if (count === 0) return keep === 'start' ? { start: 0, end: 0 } : { start: text.length, end: text.length }
    return keep === 'start'
      ? { start: 0, end: spans[count - 1]!.end }
      : { start: spans[spans.length - count]!.start, end: text.length }
  }
  const excess = (count: number): number => {
    const { start, end } = cut(count)
    return tokenizer.count(text.slice(start, end)) - tokens
  }
  let count = tokens
  while (count > 0) {
    const over = excess(count)
    if (over <= 0) break
    count = Math.max(0, count - over)
  }
  let best = count
  for (let next = count + 1, misses = 0; next < spans.length && misses < mostMisses; next++) {
    if (excess(next) <= 0) {
      best = next
      misses = 0
    } else misses++
  }
  return cut(best)
}
