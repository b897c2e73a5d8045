import type { Tokenizer } from '@lc/model'
import { Tiktoken } from 'js-tiktoken/lite'
import ranks from 'js-tiktoken/ranks/cl100k_base'

const encoding = new Tiktoken(ranks)

/** The tokenizer of GPT-3.5, in which the released LLMLingua counts. Its spans are not known. */
export const gpt35Tokenizer: Tokenizer = {
  id: 'cl100k_base',
  encode: (text) => {
    const ids = Uint32Array.from(encoding.encode(text, [], []))
    return { ids, spans: Array.from(ids, () => ({ start: 0, end: 0 })) }
  },
  decode: (ids) => encoding.decode(Array.from(ids)),
  count: (text) => encoding.encode(text, [], []).length,
}
