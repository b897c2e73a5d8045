import type { CallOptions, Passage, TokenBudget } from '@lc/model'
import { compressPieces, type Piece } from '../compressor/compress-pieces.ts'
import type { CompressionResult } from '../compressor/compression-result.ts'
import { sentenceStarts } from '../prose/sentences.ts'
import { bm25 } from '../score/lexical-relevance.ts'

export interface CompressSentencesOptions extends CallOptions {
  budget: TokenBudget
  query: string
}

/** Keeps whole sentences, and of texts of short lines whole lines: those that share most words with the query (BM25). */
export function compressSentences(
  passages: readonly Passage[],
  { budget, query, signal }: CompressSentencesOptions,
): Promise<CompressionResult> {
  return compressPieces(passages, {
    budget,
    signal,
    method: 'no-model/sentences',
    protect: 'prefer',
    choose: async () => {
      const pieces = passages.flatMap(({ text }, passage) => {
        const starts = unitStarts(text)
        return starts.map(
          (start, at): Piece => ({ passage, start, end: starts[at + 1] ?? text.length, value: 0, protection: 0 }),
        )
      })
      const scores = bm25(
        query,
        pieces.map(({ passage, start, end }) => passages[passage]!.text.slice(start, end)),
      )
      return { pieces: pieces.map((piece, at) => ({ ...piece, value: scores[at]! })), warnings: [] }
    },
  })
}

/** Starts of sentences and of lines, as far as a line begins a sentence, a record or a turn. */
function unitStarts(text: string): number[] {
  const starts = new Set(sentenceStarts(text))
  for (const match of text.matchAll(/\n+(?=[^\n])/g)) starts.add(match.index + match[0].length)
  if (text !== '') starts.add(0)
  return [...starts].sort((a, b) => a - b)
}
