import type { TokenClassification, TokenClassifier } from '../capability/token-classifier.ts'
import { spansOfIds } from './score-request.ts'
import { wordTokenizer } from './word-tokenizer.ts'

/**
 * A real token classifier without weights: tokens of listed words (and their punctuation) are likely `drop`, all others
 * likely `keep`, the longer the likelier.
 */
export function wordListClassifier(dropped: readonly string[]): TokenClassifier {
  const tokenizer = wordTokenizer(dropped.map((word) => `${word} ${word}`).join('\n'))
  const words = new Set(dropped)
  return {
    id: 'word-list',
    tokenizer,
    labels: ['drop', 'keep'],
    async classify(texts, { signal } = {}) {
      return texts.map((text): TokenClassification => {
        signal?.throwIfAborted()
        const encoding =
          typeof text === 'string'
            ? tokenizer.encode(text)
            : { ids: Uint32Array.from(text), spans: spansOfIds(tokenizer, text) }
        const logits = new Float32Array(encoding.ids.length * 2)
        for (const [index, id] of encoding.ids.entries()) {
          const word = tokenizer.decode([id]).trim()
          const drop = words.has(word) ? 2 : -1 - word.length / 10
          logits.set([drop, -drop], index * 2)
        }
        return { ...encoding, logits }
      })
    },
  }
}
