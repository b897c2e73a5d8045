/** @file The methods and baselines of the suite; a new one is one more entry. */
import type { Ranker } from '@lc/compress'
import {
  compress,
  compressBySelfInformation,
  compressBySurprise,
  compressCode,
  compressForQuestion,
  compressWithoutModel,
} from '@lc/compress'
import { type OfficialLlmLinguaOptions, officialLlmLingua } from '@lc/compress/llmlingua'
import { nodeCodeParsers } from '@lc/compress/node'
import { compressByAttention } from '@lc/compress/specpc'
import type { LocalModel } from '@lc/core'
import { type Embedder, type Scorer, seededRandom, type TokenBudget } from '@lc/model'
import type { Compressed, CompressionRecord } from './record.ts'
import { rememberAttention } from './remember-attention.ts'

export interface Contender {
  name: string
  /** Missing: every ratio of the task. */
  ratios?: readonly number[]
  run: (record: CompressionRecord, tokens: number) => Promise<Compressed>
}

/** Names of those that ask no language model, as in the tables. */
export const baselines = ['random units', 'head and tail', 'BM25', 'BM25, sentences', 'identifiers', 'embeddings']

/** Which contenders take part in a task. */
export interface TaskKind {
  /** Whether the passages are code. */
  code: boolean
  /** Whether the released programs take part too. */
  released: boolean
}

/** What the contenders compress with. */
export interface ContenderModels {
  model: LocalModel
  /** The model with its scores remembered, so that one budget after the other does not score the same text again. */
  scorer: Scorer
  embedder: Embedder
}

/** The methods for code or for text, and where asked for the released programs. */
export function contenders(models: ContenderModels, { code, released }: TaskKind): Contender[] {
  const { model, scorer, embedder } = models
  const without = (name: string, ranker: Ranker): Contender => ({
    name,
    run: ({ passages, query }, tokens) =>
      compressWithoutModel(passages, { budget: budgetOf(model, tokens), query, ranker }),
  })
  const own = code ? zips(scorer) : texts(scorer)
  return [
    without('random units', { reranker: random }),
    without('head and tail', 'head-tail'),
    without('BM25', 'bm25'),
    ...(code ? [without('identifiers', 'identifiers')] : [sentences(model)]),
    without('embeddings', { embedder }),
    ...own,
    specPc(model, code),
    ...(released ? releasedPrograms(scorer) : []),
  ]
}

/** What `compress` does without a model. */
function sentences(model: LocalModel): Contender {
  return {
    name: 'BM25, sentences',
    run: ({ passages, query }, tokens) => compress(passages, { budget: budgetOf(model, tokens), query }),
  }
}

function texts(scorer: Scorer): Contender[] {
  return [
    {
      name: 'Selective Context',
      run: ({ passages }, budget) => compressBySelfInformation(passages, { scorer, budget }),
    },
    { name: 'LLMLingua', run: ({ passages }, budget) => compressBySurprise(passages, { scorer, budget }) },
    {
      name: 'LongLLMLingua',
      run: ({ passages, query }, budget) => compressForQuestion(passages, { scorer, budget, query }),
    },
  ]
}

function zips(scorer: Scorer): Contender[] {
  const parsers = nodeCodeParsers()
  return (['joint', 'paper'] as const).map((mode) => ({
    name: mode === 'joint' ? 'LongCodeZip' : 'LongCodeZip, paper',
    run: ({ passages, query }, budget) => compressCode(passages, { scorer, budget, query, parsers, mode }),
  }))
}

function specPc(model: LocalModel, code: boolean): Contender {
  const attender = rememberAttention(model)
  return {
    name: 'SpecPC',
    run: ({ passages, query }, budget) =>
      compressByAttention(passages, { attender, budget, query, unit: code ? 'line' : 'word' }),
  }
}

/** The released programs as they are, at one budget: they read everything again for each. */
function releasedPrograms(scorer: Scorer): Contender[] {
  const official = (name: string, options: (query: string) => Partial<OfficialLlmLinguaOptions>): Contender => ({
    name,
    ratios: [4, 5],
    run: ({ passages, query }, targetTokens) =>
      officialLlmLingua(
        passages.map(({ text }) => text),
        { scorer, targetTokens, appendQuestion: false, ...options(query) },
      ),
  })
  return [
    official('LLMLingua, official', () => ({})),
    official('LongLLMLingua, official', (question) => ({
      question,
      ranking: 'longllmlingua',
      condition: 'after',
      contrast: true,
      order: 'rank',
      dynamicRatio: 0.3,
    })),
  ]
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
