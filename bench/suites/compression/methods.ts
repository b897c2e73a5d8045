/** @file The methods and baselines of the suite; a new one is one more entry. */
import type { CompressionResult, Ranker } from '@lc/compress'
import {
  compressBySelfInformation,
  compressBySurprise,
  compressCode,
  compressForQuestion,
  compressWithoutModel,
} from '@lc/compress'
import { nodeCodeParsers } from '@lc/compress/node'
import { compressByAttention } from '@lc/compress/specpc'
import type { LocalModel } from '@lc/core'
import { type Scorer, seededRandom, type TokenBudget } from '@lc/model'
import type { CompressionRecord } from './records.ts'

export interface Contender {
  name: string
  run: (record: CompressionRecord, tokens: number) => Promise<CompressionResult>
}

/** Names of those that ask no model, as in the tables. */
export const baselines = ['random units', 'head and tail', 'BM25', 'identifiers']

/**
 * What is compared on code or on text.
 * @param scorer the model with its scores remembered, so that one budget after the other does not score the same text again
 */
export function contenders(model: LocalModel, scorer: Scorer, code: boolean): Contender[] {
  const without = (name: string, ranker: Ranker): Contender => ({
    name,
    run: ({ passages, query }, tokens) =>
      compressWithoutModel(passages, { budget: budgetOf(model, tokens), query, ranker }),
  })
  const simple = [without('random units', { reranker: random }), without('head and tail', 'head-tail')]
  const common: Contender[] = [
    {
      name: 'SpecPC',
      run: ({ passages, query }, tokens) =>
        compressByAttention(passages, { attender: model, budget: tokens, query, unit: code ? 'line' : 'word' }),
    },
  ]
  if (code)
    return [...simple, without('BM25', 'bm25'), without('identifiers', 'identifiers'), ...zips(scorer), ...common]
  return [
    ...simple,
    without('BM25', 'bm25'),
    {
      name: 'Selective Context',
      run: ({ passages }, tokens) => compressBySelfInformation(passages, { scorer, budget: tokens }),
    },
    { name: 'LLMLingua', run: ({ passages }, tokens) => compressBySurprise(passages, { scorer, budget: tokens }) },
    {
      name: 'LongLLMLingua',
      run: ({ passages, query }, tokens) => compressForQuestion(passages, { scorer, budget: tokens, query }),
    },
    ...common,
  ]
}

function zips(scorer: Scorer): Contender[] {
  const parsers = nodeCodeParsers()
  return (['joint', 'paper'] as const).map((mode) => ({
    name: mode === 'joint' ? 'LongCodeZip' : 'LongCodeZip, paper',
    run: ({ passages, query }, tokens) => compressCode(passages, { scorer, budget: tokens, query, parsers, mode }),
  }))
}

function budgetOf(model: LocalModel, tokens: number): TokenBudget {
  return { tokens, tokenizer: model.tokenizer }
}

/** The same numbers for the same texts, whatever the query. */
const random = {
  async rank(_query: string, texts: readonly string[]): Promise<Float32Array> {
    const next = seededRandom(texts.length)
    return Float32Array.from(texts, next)
  },
}
