import { type JoinedPassages, joinPassages } from '../passage/join-passages.ts'
import type { Passage } from '../passage/passage.ts'
import { renderPassages } from '../passage/render-passages.ts'
import { fitBudget } from './fit-budget.ts'
import type { TokenBudget } from './token-budget.ts'

/** How passages are rendered, ranked and counted. */
export interface FitPassagesOptions {
  budget: TokenBudget
  /** The layout. Defaults to `renderPassages`. */
  render?: (kept: readonly Passage[]) => JoinedPassages
  /** Defaults to `passage.score`, missing ones last; of equals, the earlier. */
  priority?: (passage: Passage, index: number) => number
}

/** The passages that fit a budget, rendered. */
export interface FitPassagesResult extends JoinedPassages {
  /** In the order given. */
  kept: Passage[]
  dropped: Passage[]
  /** Of the rendered text. */
  tokens: number
}

/**
 * The best passages whose rendered text fits a token budget, in the order given. A budget that not even the empty layout
 * fits is an error; a budget of 0 gives the empty text.
 *
 * @throws BudgetTooSmallError when the layout without any passage does not fit.
 */
export function fitPassages(passages: readonly Passage[], options: FitPassagesOptions): FitPassagesResult {
  const { budget, render = renderPassages } = options
  const priority = options.priority ?? ((passage: Passage) => passage.score ?? Number.NEGATIVE_INFINITY)
  const { kept, dropped, tokens } = fitBudget(passages, { budget, priority, render: (some) => render(some).text })
  return { ...(kept.length === 0 && !options.render ? joinPassages([]) : render(kept)), kept, dropped, tokens }
}
