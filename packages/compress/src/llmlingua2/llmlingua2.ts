/**
 * @file LLMLingua-2 (Pan et al., "LLMLingua-2: Data Distillation for Efficient and Faithful Task-Agnostic Prompt Compression",
 * ACL Findings 2024): an encoder tells of each word whether to keep it. One threshold over all of the text instead of one per
 * chunk, which the paper's appendix finds better, so that the budget is exact; white space stays as it is.
 */
import type { CallOptions, ContextState, Passage, Stage } from '@lc/model'
import { compressPieces } from '../compressor/compress-pieces.ts'
import type { CompressionResult } from '../compressor/compression-result.ts'
import { compressionStage } from '../compressor/compression-stage.ts'
import type { Piece } from '../compressor/piece.ts'
import { protectPieces } from '../prose/protection.ts'
import { sentenceStarts } from '../prose/sentences.ts'
import { wordSpans } from '../prose/words.ts'
import { bm25 } from '../score/lexical-relevance.ts'
import { type LlmLingua2Options, type ResolvedLlmLingua2Options, resolveLlmLingua2Options } from './options.ts'
import { wordProbabilities } from './word-probabilities.ts'

/** Options of `compressByClassifier`. */
export interface CompressByClassifierOptions extends LlmLingua2Options, CallOptions {
  /** Plays a part only with a `queryWeight` above 0. */
  query?: string | undefined
}

/**
 * Compresses passages by LLMLingua-2.
 * @throws InvalidArgumentError, BudgetTooSmallError
 */
export async function compressByClassifier(
  passages: readonly Passage[],
  options: CompressByClassifierOptions,
): Promise<CompressionResult> {
  return compressResolved(passages, options.query ?? '', resolveLlmLingua2Options(options))
}

/** The same as a stage. */
export function llmLingua2(options: LlmLingua2Options): Stage<ContextState, ContextState> {
  if (options.budget !== undefined) resolveLlmLingua2Options(options)
  return compressionStage('llmlingua2', (state, run) =>
    compressResolved(
      state.passages,
      state.query ?? '',
      resolveLlmLingua2Options({ ...options, signal: run.signal, onProgress: run.emit }, run.budget),
    ),
  )
}

function compressResolved(
  passages: readonly Passage[],
  query: string,
  options: ResolvedLlmLingua2Options,
): Promise<CompressionResult> {
  return compressPieces(passages, {
    budget: options.budget,
    method: 'llmlingua2',
    protect: options.protection.protect,
    signal: options.signal,
    choose: async (clock) => {
      const texts = passages.map((passage) => passage.text)
      const words = texts.map((text) => protectPieces(text, wordSpans(text), options.protection))
      const probabilities = await clock.time('classify', () =>
        wordProbabilities(options.classifier, texts, words, options),
      )
      const bonuses = queryBonuses(texts, query, options.queryWeight)
      const pieces = words.flatMap((own, passage) =>
        own.map((word, at): Piece => {
          const value = logOdds(probabilities[passage]![at]!) + bonuses[passage]!(word.start)
          return { ...word, passage, value }
        }),
      )
      return { pieces, warnings: [] }
    },
  })
}

function logOdds(probability: number): number {
  const inside = Math.min(1 - 1e-9, Math.max(1e-9, probability))
  return Math.log(inside / (1 - inside))
}

/** For each text a function from an offset to what the relevance of its sentence adds. */
function queryBonuses(texts: readonly string[], query: string, weight: number): ((offset: number) => number)[] {
  if (weight === 0 || query === '') return texts.map(() => () => 0)
  const starts = texts.map(sentenceStarts)
  const sentences = starts.flatMap((own, text) => own.map((start, at) => texts[text]!.slice(start, own[at + 1])))
  const scores = standardised(bm25(query, sentences))
  let first = 0
  return starts.map((own) => {
    const base = first
    first += own.length
    return (offset) => weight * (scores[base + lastAtOrBefore(own, offset)] ?? 0)
  })
}

function standardised(values: Float64Array): Float64Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length))
  return values.map((value) => (deviation > 0 ? (value - mean) / deviation : 0))
}

function lastAtOrBefore(starts: readonly number[], offset: number): number {
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (starts[middle]! <= offset) low = middle
    else high = middle - 1
  }
  return low
}
