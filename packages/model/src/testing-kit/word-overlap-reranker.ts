import type { Reranker } from '../capability/reranker.ts'
import { wordsOf } from './hashed-vector.ts'

/** A real reranker without weights: the share of the query's words that the text has. */
export function wordOverlapReranker(): Reranker {
  return {
    id: 'word-overlap',
    async rank(query, texts, { signal } = {}) {
      const wanted = [...new Set(wordsOf(query))]
      return Float32Array.from(texts, (text) => {
        signal?.throwIfAborted()
        const words = new Set(wordsOf(text))
        const found = wanted.filter((word) => words.has(word)).length
        return wanted.length === 0 ? 0 : found / wanted.length
      })
    },
  }
}
