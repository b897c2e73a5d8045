/**
 * @file SpecPC (Draft-based Approximate Inference for LLMs, ICLR 2026) as a compressor of text: one prefill of a small draft model
 * tells which words the question looks at. Unlike the official program: whole words or lines, an exact budget in any tokenizer,
 * texts of any length, the first token's attention (which is about nothing) is not counted.
 */
import type { CallOptions, ContextState, Passage, Span, Stage } from '@lc/model'
import { compressPieces } from '../compressor/compress-pieces.ts'
import type { CompressionResult } from '../compressor/compression-result.ts'
import { compressionStage } from '../compressor/compression-stage.ts'
import type { Piece } from '../compressor/piece.ts'
import { protectPieces } from '../prose/protection.ts'
import { sentenceStarts } from '../prose/sentences.ts'
import { wordSpans } from '../prose/words.ts'
import { mergeTokenValues } from '../score/text-nll.ts'
import { type ResolvedSpecPcOptions, resolveSpecPcOptions, type SpecPcOptions, type SpecPcUnit } from './options.ts'
import { maxPool } from './pool.ts'
import { readText } from './read-text.ts'

/** Options of `compressByAttention`. */
export interface CompressByAttentionOptions extends SpecPcOptions, CallOptions {
  /** Without one, what the end of the text attends to is kept, and the end itself (as in the paper). */
  query?: string | undefined
}

/**
 * Compresses passages to what a draft model attends to when it reads the question.
 *
 * @throws InvalidArgumentError, BudgetTooSmallError
 */
export async function compressByAttention(
  passages: readonly Passage[],
  options: CompressByAttentionOptions,
): Promise<CompressionResult> {
  return compressResolved(passages, options.query ?? '', resolveSpecPcOptions(options))
}

/** The same as a stage, for the query of its context. */
export function specPc(options: SpecPcOptions): Stage<ContextState, ContextState> {
  if (options.budget !== undefined) resolveSpecPcOptions(options)
  return compressionStage('specpc', (state, run) =>
    compressResolved(
      state.passages,
      state.query ?? '',
      resolveSpecPcOptions({ ...options, signal: run.signal, onProgress: run.emit }, run.budget),
    ),
  )
}

function compressResolved(
  passages: readonly Passage[],
  query: string,
  options: ResolvedSpecPcOptions,
): Promise<CompressionResult> {
  return compressPieces(passages, {
    budget: options.budget,
    method: `specpc/${options.unit}`,
    protect: options.protection.protect,
    signal: options.signal,
    choose: async (clock) => {
      const warnings: string[] = []
      const values = await clock.time('attend', () => valueTokens(passages, query, options, warnings))
      const pieces = passages.flatMap(({ text }, passage) => piecesOf(text, passage, values[passage]!, options))
      return { pieces, warnings }
    },
  })
}

interface TokenValues {
  spans: Span[]
  values: Float64Array
}

/** Among equal pooled values the one nearer to the peak comes first, so that windows grow around their peaks. */
const nearness = 1e-6
/** Added to the end of a text that asks for itself: attention is at most 1. */
const askingBonus = 2

/** Tokens of each passage with their pooled importance; all passages are read as one text. */
async function valueTokens(
  passages: readonly Passage[],
  query: string,
  options: ResolvedSpecPcOptions,
  warnings: string[],
): Promise<TokenValues[]> {
  const { tokenizer } = options.attender
  const encodings = passages.map(({ text }) => tokenizer.encode(text))
  const between = passages.map(({ text }) => (text.endsWith('\n') ? new Uint32Array() : tokenizer.encode('\n').ids))
  const ids = concatenate(encodings.flatMap((encoding, index) => [encoding.ids, between[index]!]))
  const importance = await readText({ ids, query }, options, warnings)
  const { values, distances } = maxPool(importance, options.kernelSize)
  for (let at = 0; at < values.length; at++) values[at]! *= 1 - nearness * distances[at]!
  if (query === '')
    for (let at = Math.max(0, values.length - options.windowSize); at < values.length; at++) values[at]! += askingBonus
  let from = 0
  return encodings.map(({ ids: own, spans }, index) => {
    const part = values.subarray(from, from + own.length)
    from += own.length + between[index]!.length
    return { spans, values: part }
  })
}

function concatenate(parts: readonly Uint32Array[]): Uint32Array {
  const joined = new Uint32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

function piecesOf(text: string, passage: number, tokens: TokenValues, options: ResolvedSpecPcOptions): Piece[] {
  const pieces = protectPieces(text, unitSpans(text, options.unit), options.protection)
  const values = mergeTokenValues(text, pieces, tokens, 'max')
  return pieces.map((piece, index) => ({ ...piece, passage, value: Number.isNaN(values[index]!) ? 0 : values[index]! }))
}

function unitSpans(text: string, unit: SpecPcUnit): Span[] {
  if (unit === 'word') return wordSpans(text)
  const starts = unit === 'line' ? lineStarts(text) : sentenceStarts(text)
  return starts.map((start, index) => ({ start, end: starts[index + 1] ?? text.length }))
}

function lineStarts(text: string): number[] {
  const starts = text === '' ? [] : [0]
  for (let at = text.indexOf('\n'); at >= 0 && at + 1 < text.length; at = text.indexOf('\n', at + 1))
    starts.push(at + 1)
  return starts
}
