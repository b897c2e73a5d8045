/** @file Fills a token budget exactly: what counts is the final rendered string, with every separator and marker. */
import { checkInteger } from '../check/check-argument.ts'
import { BudgetTooSmallError } from '../errors/budget-too-small-error.ts'
import type { TokenBudget } from './token-budget.ts'

export interface FitBudgetOptions<Item> {
  budget: TokenBudget
  /** The final text of the kept items, which come in the order in which they were given. */
  render: (kept: readonly Item[]) => string
  /** Higher is kept first; of equals, the earlier. Defaults to the order given. */
  priority?: (item: Item, index: number) => number
  /** Items that stay whatever they cost. Defaults to none. */
  required?: (item: Item, index: number) => boolean
  /**
   * How many items that turn out not to fit are tried, after the best ones are in, to use what is left of the budget.
   * Defaults to 256.
   */
  fillAttempts?: number
}

export interface FitBudgetResult<Item> {
  /** In the order given. */
  kept: Item[]
  /** Indices of the kept items, ascending. */
  keptIndices: number[]
  /** In the order given. */
  dropped: Item[]
  /** `render(kept)`. */
  text: string
  /** Of `text`; never above the budget. */
  tokens: number
}

/**
 * Keeps the items of highest priority whose rendered text fits the budget. First the longest run of the ranking is
 * taken, then lower items fill what is left. Each candidate is rendered and counted as a whole, so the budget holds for
 * the text that is really sent, in its own tokenizer.
 *
 * @throws BudgetTooSmallError when the required items (or the layout without any item) do not fit.
 *
 * @example
 * ```ts
 * import { estimateTokenizer, fitBudget } from '@lc/model'
 *
 * const { text, tokens } = fitBudget(['the first line', 'a second, longer line', 'the third'], {
 *   budget: { tokens: 8, tokenizer: estimateTokenizer() },
 *   render: (lines) => lines.join('\n'),
 * })
 * console.log(text.split('\n').length, tokens) // 2 6
 * ```
 */
export function fitBudget<Item>(items: readonly Item[], options: FitBudgetOptions<Item>): FitBudgetResult<Item> {
  const { budget, render, required, fillAttempts = 256 } = options
  checkInteger(budget.tokens, 'budget.tokens', { min: 0 })
  checkInteger(fillAttempts, 'fillAttempts', { min: 0 })
  const isRequired = items.map((item, index) => required?.(item, index) ?? false)
  const ranking = rank(items, options.priority).filter((index) => !isRequired[index])
  const attempt = (optional: readonly number[]): Attempt => {
    const chosen = isRequired.slice()
    for (const index of optional) chosen[index] = true
    const text = render(items.filter((_, index) => chosen[index]))
    return { chosen, text, tokens: budget.tokenizer.count(text) }
  }
  const fits = (candidate: Attempt): boolean => candidate.tokens <= budget.tokens

  const least = attempt([])
  if (!fits(least))
    throw new BudgetTooSmallError({
      budget: budget.tokens,
      minimum: least.tokens,
      reason: isRequired.includes(true) ? 'the required part' : 'the layout without any item',
    })
  const run = longestRun(ranking, least, attempt, fits)
  let best = run.best
  const kept = ranking.slice(0, run.length)
  let attemptsLeft = fillAttempts
  for (const index of ranking.slice(run.length + 1)) {
    if (best.tokens >= budget.tokens || attemptsLeft === 0) break
    const candidate = attempt([...kept, index])
    if (fits(candidate)) {
      best = candidate
      kept.push(index)
    } else attemptsLeft--
  }
  return {
    kept: items.filter((_, index) => best.chosen[index]),
    keptIndices: [...items.keys()].filter((index) => best.chosen[index]),
    dropped: items.filter((_, index) => !best.chosen[index]),
    text: best.text,
    tokens: best.tokens,
  }
}

interface Attempt {
  chosen: boolean[]
  text: string
  tokens: number
}

/**
 * The longest start of the ranking that fits: doubles until one does not (so a small budget never counts the whole
 * input), then halves. Tokens are not quite monotone in the text; what is returned fits, and one item more does not.
 */
function longestRun(
  ranking: readonly number[],
  least: Attempt,
  attempt: (optional: readonly number[]) => Attempt,
  fits: (candidate: Attempt) => boolean,
): { length: number; best: Attempt } {
  let low = 0
  let best = least
  let high = ranking.length + 1
  const probe = (length: number): void => {
    const candidate = attempt(ranking.slice(0, length))
    if (fits(candidate)) {
      low = length
      best = candidate
    } else high = length
  }
  while (low < ranking.length && high > ranking.length) probe(Math.min(Math.max(1, low * 2), ranking.length))
  while (high - low > 1) probe(Math.floor((low + high) / 2))
  return { length: low, best }
}

function rank<Item>(items: readonly Item[], priority: FitBudgetOptions<Item>['priority']): number[] {
  const indices = [...items.keys()]
  if (!priority) return indices
  const priorities = items.map((item, index) => priority(item, index))
  return indices.sort((a, b) => priorities[b]! - priorities[a]! || a - b)
}
