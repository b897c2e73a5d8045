import type { Tokenizer } from '../capability/tokenizer.ts'

/** A hard upper bound on the tokens of a text, in a named tokenizer, checked on the final rendered string. */
export interface TokenBudget {
  tokens: number
  tokenizer: Tokenizer
}
