import type { JsonValue } from '@lc/model'
import type { LocalTokenizer } from '../tokenizer/local-tokenizer.ts'

/** Tokens that end a turn in the chat formats of the supported families. */
const turnEnds = ['<|im_end|>', '<|eot_id|>', '<|eom_id|>', '<end_of_turn>', '<|end|>', '<|endoftext|>', '</s>']

/** Ids that end a generated text: those that the files name, the tokenizer's own, and end-of-turn tokens in the vocabulary. */
export function endTokensOf(tokenizer: LocalTokenizer, named: readonly (JsonValue | undefined)[]): number[] {
  const ids = new Set<number>()
  for (const value of named.flat())
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < tokenizer.vocabularySize)
      ids.add(value)
  if (tokenizer.special.end !== undefined) ids.add(tokenizer.special.end)
  for (const token of turnEnds) {
    const id = tokenizer.idOf(token)
    if (id !== undefined && tokenizer.isSpecial(id)) ids.add(id)
  }
  return [...ids].sort((a, b) => a - b)
}
