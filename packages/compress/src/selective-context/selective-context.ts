/**
 * @file Selective Context (Li et al., "Compressing Context to Enhance Inference Efficiency of Large Language Models", EMNLP
 * 2023): what a language model can guess is dropped. A unit's self-information is the mean surprise of its tokens. Unlike the
 * official program: white space is not touched, the text so far counts as context, phrases need no parser, the budget is exact.
 */
import type { CallOptions, ContextState, Passage, Span, Stage } from '@lc/model'
import { compressPieces } from '../compressor/compress-pieces.ts'
import type { CompressionResult } from '../compressor/compression-result.ts'
import { compressionStage } from '../compressor/compression-stage.ts'
import type { Piece } from '../compressor/piece.ts'
import { phraseSpans } from '../prose/phrases.ts'
import { type ProtectedPiece, protectPieces } from '../prose/protection.ts'
import { sentenceStarts } from '../prose/sentences.ts'
import { wordSpans } from '../prose/words.ts'
import { mergeTokenValues, type TextNll, textNlls } from '../score/text-nll.ts'
import { percentile } from '../select/percentile.ts'
import {
  type ResolvedSelectiveContextOptions,
  resolveSelectiveContextOptions,
  type SelectiveContextOptions,
  type SelectiveContextUnit,
} from './options.ts'

/**
 * Compresses passages by self-information. Not aware of any query.
 * @throws InvalidArgumentError, BudgetTooSmallError
 */
export async function compressBySelfInformation(
  passages: readonly Passage[],
  options: SelectiveContextOptions & CallOptions,
): Promise<CompressionResult> {
  return compressResolved(passages, resolveSelectiveContextOptions(options))
}

/** The same as a stage. */
export function selectiveContext(options: SelectiveContextOptions): Stage<ContextState, ContextState> {
  if (options.budget !== undefined || options.mode === 'percentile') resolveSelectiveContextOptions(options)
  return compressionStage('selective-context', (state, run) =>
    compressResolved(
      state.passages,
      resolveSelectiveContextOptions({ ...options, signal: run.signal, onProgress: run.emit }, run.budget),
    ),
  )
}

async function compressResolved(
  passages: readonly Passage[],
  options: ResolvedSelectiveContextOptions,
): Promise<CompressionResult> {
  return compressPieces(passages, {
    budget: options.budget,
    method: `selective-context/${options.unit}`,
    protect: options.protection.protect,
    signal: options.signal,
    always: options.mode === 'percentile',
    choose: async (clock) => {
      const values = await clock.time('score', () => selfInformation(passages, options))
      const pieces = passages.flatMap(({ text }, passage) => piecesOf(text, passage, values[passage]!, options))
      if (options.mode === 'budget') return { pieces, warnings: [] }
      const threshold = percentile(
        pieces.map((piece) => piece.value),
        100 * (1 - options.ratio),
      )
      return { pieces, kept: Uint8Array.from(pieces, (piece) => (piece.value >= threshold ? 1 : 0)), warnings: [] }
    },
  })
}

/** Tokens of each passage with their surprise. */
async function selfInformation(
  passages: readonly Passage[],
  options: ResolvedSelectiveContextOptions,
): Promise<TextNll[]> {
  const texts = passages.map((passage) => passage.text)
  if (options.context === 'document') return textNlls(options.scorer, texts, options)
  const sentences = texts.map((text) => sentencesOf(text))
  const all = await textNlls(
    options.scorer,
    sentences.flatMap((spans, index) => spans.map(({ start, end }) => texts[index]!.slice(start, end))),
    options,
  )
  let next = 0
  return sentences.map((spans) => {
    const joined: TextNll = { spans: [], nlls: new Float64Array() }
    const nlls: number[] = []
    for (const { start } of spans) {
      const part = all[next++]!
      joined.spans.push(...part.spans.map((span) => ({ start: span.start + start, end: span.end + start })))
      nlls.push(...part.nlls)
    }
    return { ...joined, nlls: Float64Array.from(nlls) }
  })
}

function sentencesOf(text: string): Span[] {
  const starts = sentenceStarts(text)
  return starts.map((start, index) => ({ start, end: starts[index + 1] ?? text.length }))
}

function piecesOf(text: string, passage: number, nll: TextNll, options: ResolvedSelectiveContextOptions): Piece[] {
  const { unit, protection } = options
  const spans = unitSpans(text, nll, unit)
  const pieces = options.mode === 'budget' ? protectPieces(text, spans, protection) : spans.map(unprotected)
  const values = mergeTokenValues(text, pieces, { spans: nll.spans, values: nll.nlls }, 'mean')
  return pieces.map((piece, index) => ({ ...piece, passage, value: Number.isNaN(values[index]!) ? 0 : values[index]! }))
}

function unprotected(span: Span): ProtectedPiece {
  return { ...span, protection: 0 }
}

function unitSpans(text: string, nll: TextNll, unit: SelectiveContextUnit): Span[] {
  switch (unit) {
    case 'token':
      return tokenPieces(nll.spans)
    case 'word':
      return wordSpans(text)
    case 'phrase':
      return phraseSpans(text)
    case 'sentence':
      return sentencesOf(text)
  }
}

/** Tokens as disjoint spans: several tokens of one character are one piece. */
function tokenPieces(spans: readonly Span[]): Span[] {
  const pieces: Span[] = []
  for (const { start, end } of spans) {
    const last = pieces.at(-1)
    if (last && start < last.end) last.end = Math.max(last.end, end)
    else if (end > start) pieces.push({ start, end })
  }
  return pieces
}
