/** @file Fills a token budget exactly: what counts is the final rendered string, with every separator and marker. */
import { checkInteger } from '../check/check-argument.ts'
import { BudgetTooSmallError } from '../errors/budget-too-small-error.ts'
import type { TokenBudget } from './token-budget.ts'

/** How items are rendered, ranked and counted. */
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

/** What fits a budget. */
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
  const search: Search = { ranking, limit: budget.tokens, attempt }
  const least = attempt([])
  if (!fits(search, least))
    throw new BudgetTooSmallError({
      budget: budget.tokens,
      minimum: least.tokens,
      reason: isRequired.includes(true) ? 'the required part' : 'the layout without any item',
    })
  const best = fill(search, longestRun(search, least), fillAttempts)
  return {
    kept: items.filter((_, index) => best.chosen[index]),
    keptIndices: [...items.keys()].filter((index) => best.chosen[index]),
    dropped: items.filter((_, index) => !best.chosen[index]),
    text: best.text,
    tokens: best.tokens,
  }
}

/** A choice of items, rendered and counted. */
interface Attempt {
  chosen: boolean[]
  text: string
  tokens: number
}

interface Search {
  /** Indices of the optional items, best first. */
  ranking: readonly number[]
  /** Tokens. */
  limit: number
  /** Renders and counts these optional items with the required ones. */
  attempt(optional: readonly number[]): Attempt
}

function fits(search: Search, candidate: Attempt): boolean {
  return candidate.tokens <= search.limit
}

/**
 * The longest start of the ranking that fits: doubles until one does not (so a small budget never counts the whole
 * input), then halves. Tokens are not quite monotone in the text; what is returned fits, and one item more does not.
 */
function longestRun(search: Search, least: Attempt): { length: number; best: Attempt } {
  const { ranking } = search
  let low = 0
  let best = least
  let high = ranking.length + 1
  const probe = (length: number): void => {
    const candidate = search.attempt(ranking.slice(0, length))
    if (fits(search, candidate)) {
      low = length
      best = candidate
    } else high = length
  }
  while (low < ranking.length && high > ranking.length) probe(Math.min(Math.max(1, low * 2), ranking.length))
  while (high - low > 1) probe(Math.floor((low + high) / 2))
  return { length: low, best }
}

/**
 * Adds lower items while they fit. An item that did not fit is tried again after another came in between, since tokens may
 * then join otherwise.
 */
function fill(search: Search, run: { length: number; best: Attempt }, attempts: number): Attempt {
  const { ranking } = search
  const kept = ranking.slice(0, run.length)
  // the first one after the run is known not to fit
  let waiting = ranking.slice(run.length + 1)
  let refused = ranking.slice(run.length, run.length + 1)
  let best = run.best
  let attemptsLeft = attempts
  for (let grown = true; grown; ) {
    grown = false
    for (const index of waiting) {
      if (best.tokens >= search.limit || attemptsLeft === 0) return best
      const candidate = search.attempt([...kept, index])
      if (fits(search, candidate)) {
        best = candidate
        kept.push(index)
        grown = true
      } else {
        refused.push(index)
        attemptsLeft--
      }
    }
    waiting = refused
    refused = []
  }
  return best
}

function rank<Item>(items: readonly Item[], priority: FitBudgetOptions<Item>['priority']): number[] {
  const indices = [...items.keys()]
  if (!priority) return indices
  const priorities = items.map((item, index) => priority(item, index))
  return indices.sort((a, b) => priorities[b]! - priorities[a]! || a - b)
}
