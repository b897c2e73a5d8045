import type { TokenBudget, Tokenizer } from '@lc/model'
import { checkArgument, checkInteger } from '@lc/model/check'

/**
 * The budget of a call: a number counts in the given tokenizer.
 * @throws InvalidArgumentError when there is none, or it is not a whole number >= 0
 */
export function resolveBudget(budget: number | TokenBudget | undefined, tokenizer: Tokenizer): TokenBudget {
  checkArgument(budget !== undefined, 'budget', budget, 'given, as an option or by the run')
  if (typeof budget === 'number') return { tokens: checkInteger(budget, 'budget', { min: 0 }), tokenizer }
  checkArgument(typeof budget.tokenizer?.count === 'function', 'budget.tokenizer', budget.tokenizer, 'a Tokenizer')
  return { tokens: checkInteger(budget.tokens, 'budget.tokens', { min: 0 }), tokenizer: budget.tokenizer }
}
