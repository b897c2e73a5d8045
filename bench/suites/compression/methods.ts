/** @file The methods and baselines of the suite. */
import type { CompressionResult } from '@lc/compress'
import {
  compress,
  compressBySelfInformation,
  compressBySurprise,
  compressCode,
  compressForQuestion,
  compressWithoutModel,
} from '@lc/compress'
import { nodeCodeParsers } from '@lc/compress/node'
import type { LocalModel } from '@lc/core'
import type { CompressionRecord } from './records.ts'

export interface Contender {
  name: string
  run: (record: CompressionRecord, tokens: number) => Promise<CompressionResult>
}

/** What is compared on code or on text. */
export function contenders(model: LocalModel, code: boolean): Contender[] {
  const budget = (tokens: number) => ({ tokens, tokenizer: model.tokenizer })
  const without = (name: string, ranker: 'bm25' | 'identifiers' | 'head-tail'): Contender => ({
    name,
    run: ({ passages, query }, tokens) => compressWithoutModel(passages, { budget: budget(tokens), query, ranker }),
  })
  const parsers = nodeCodeParsers()
  if (code)
    return [
      without('head and tail', 'head-tail'),
      without('BM25', 'bm25'),
      without('identifiers', 'identifiers'),
      {
        name: 'LongCodeZip',
        run: ({ passages, query }, tokens) => compressCode(passages, { scorer: model, budget: tokens, query, parsers }),
      },
    ]
  return [
    without('head and tail', 'head-tail'),
    {
      name: 'BM25, sentences',
      run: ({ passages, query }, tokens) => compress(passages, { budget: budget(tokens), query }),
    },
    {
      name: 'Selective Context',
      run: ({ passages }, tokens) => compressBySelfInformation(passages, { scorer: model, budget: tokens }),
    },
    {
      name: 'LLMLingua',
      run: ({ passages }, tokens) => compressBySurprise(passages, { scorer: model, budget: tokens }),
    },
    {
      name: 'LongLLMLingua',
      run: ({ passages, query }, tokens) => compressForQuestion(passages, { scorer: model, budget: tokens, query }),
    },
  ]
}
