import type { CallOptions, Passage, TokenBudget } from '@lc/model'
import { compressPieces } from '../compressor/compress-pieces.ts'
import type { CompressionResult } from '../compressor/compression-result.ts'
import type { Piece } from '../compressor/piece.ts'
import {
  lineProtectionDefaults,
  type ProtectionOptions,
  protectPieces,
  resolveProtection,
} from '../prose/protection.ts'
import { unitStarts } from '../prose/unit-starts.ts'
import { bm25 } from '../score/lexical-relevance.ts'

export interface CompressSentencesOptions extends ProtectionOptions, CallOptions {
  budget: TokenBudget
  query: string
}

/** Keeps whole sentences, and of texts of short lines whole lines: those that share most words with the query (BM25). */
export function compressSentences(
  passages: readonly Passage[],
  { budget, query, signal, ...options }: CompressSentencesOptions,
): Promise<CompressionResult> {
  const protection = resolveProtection(options, lineProtectionDefaults)
  return compressPieces(passages, {
    budget,
    signal,
    method: 'no-model/sentences',
    protect: protection.protect,
    choose: async () => {
      const pieces = passages.flatMap(({ text }, passage) => {
        const starts = unitStarts(text)
        const spans = starts.map((start, at) => ({ start, end: starts[at + 1] ?? text.length }))
        return protectPieces(text, spans, protection).map((piece): Piece => ({ ...piece, passage, value: 0 }))
      })
      const scores = bm25(
        query,
        pieces.map(({ passage, start, end }) => passages[passage]!.text.slice(start, end)),
      )
      return { pieces: pieces.map((piece, at) => ({ ...piece, value: scores[at]! })), warnings: [] }
    },
  })
}
