/** @file The way that compressors of words and phrases go: cut passages into pieces, value them, keep the best that fit. */
import { fitBudget, type Passage, type Span, type TokenBudget } from '@lc/model'
import { normaliseSpans } from '@lc/model/text'
import { checkPassages } from './check-passages.ts'
import { type Clock, startClock } from './clock.ts'
import type { CompressionResult } from './compression-result.ts'
import { describeSentences, type SentenceUnit, sentenceUnits } from './describe-sentences.ts'
import { createExpand } from './expand.ts'
import { fillRest } from './fill-rest.ts'
import type { Piece } from './piece.ts'
import { type RenderedContext, type RenderSource, renderKept } from './render-kept.ts'
import { keptPassages, keptSpansOf } from './result-passages.ts'

/** What a method decides. */
export interface PieceChoice {
  pieces: Piece[]
  /** The order in which passages come in the output; all in the order given by default. */
  order?: readonly number[]
  /** 1 for each piece that is kept, where the method decides alone and the budget is only a wish. */
  kept?: Uint8Array
  /** Relevance of each sentence unit, NaN where it has none; by default the mean value of its pieces. */
  scores?: Float64Array
  warnings: string[]
}

export interface CompressPiecesOptions {
  budget: TokenBudget
  /** Named in the result. */
  method: string
  /** `'require'`: protected pieces that do not fit are an error; `'prefer'`: they are given up last. */
  protect: 'prefer' | 'require'
  signal?: AbortSignal | undefined
  /** Called only when the input is over a budget above 0. */
  choose(clock: Clock): Promise<PieceChoice>
  /** Whether the method is asked even if the input is within the budget. Defaults to false. */
  always?: boolean
}

/**
 * Compresses passages by pieces of their text. An input within the budget comes back unchanged.
 * @throws InvalidArgumentError, BudgetTooSmallError
 */
export async function compressPieces(
  passages: readonly Passage[],
  options: CompressPiecesOptions,
): Promise<CompressionResult> {
  checkPassages(passages)
  const clock = startClock()
  const { tokenizer, tokens: budget } = options.budget
  const sources = passages.map(({ text }): RenderSource => ({ text, title: '', marker: () => '' }))
  const whole = renderKept(
    sources,
    passages.map(({ text }) => [{ start: 0, end: text.length }]),
  )
  const originalTokens = tokenizer.count(whole.text)
  const units = sentenceUnits(passages)
  const fits = originalTokens <= budget && !options.always
  const hopeless = budget === 0 && options.protect === 'prefer' && !options.always
  const choice = fits || hopeless ? undefined : await options.choose(clock)
  const kept = fits
    ? passages.map(({ text }) => [{ start: 0, end: text.length }])
    : await clock.time('fit', () => keepPieces(sources, choice, options))
  const order = choice?.order ?? passages.map((_, index) => index)
  const rendered = fits ? whole : renderInOrder(sources, kept, order)
  return {
    text: rendered.text,
    passages: keptPassages(
      order.map((index) => passages[index]!),
      reorder(rendered, order),
      tokenizer,
    ),
    units: describeSentences(passages, units, kept, choice, tokenizer),
    spans: keptSpansOf(passages, rendered).sort((a, b) => a.output.start - b.output.start),
    tokens: fits ? originalTokens : tokenizer.count(rendered.text),
    originalTokens,
    budget,
    tokenizer: tokenizer.id,
    method: options.method,
    seconds: clock.seconds(),
    timings: clock.timings,
    warnings: choice?.warnings ?? [],
    expand: createExpand([
      ...passages.map(({ id, text }) => ({ id, text })),
      ...units.map((unit) => ({ id: unit.id, text: unitText(passages, unit) })),
    ]),
  }
}

function unitText(passages: readonly Passage[], { passage, start, end }: SentenceUnit): string {
  return passages[passage]!.text.slice(start, end)
}

/** The kept spans of each passage. */
function keepPieces(
  sources: readonly RenderSource[],
  choice: PieceChoice | undefined,
  options: CompressPiecesOptions,
): Span[][] {
  if (!choice) return sources.map(() => [])
  const order = choice.order ?? sources.map((_, index) => index)
  const spansOf = (kept: readonly Piece[]): Span[][] => {
    const spans: Span[][] = sources.map(() => [])
    for (const { passage, start, end } of kept) spans[passage]!.push({ start, end })
    return spans.map(normaliseSpans)
  }
  if (choice.kept) return spansOf(choice.pieces.filter((_, index) => choice.kept![index] === 1))
  const rank = rankPieces(choice.pieces)
  const render = (pieces: readonly Piece[]): string => renderInOrder(sources, spansOf(pieces), order).text
  const fitted = fitBudget(choice.pieces, {
    budget: options.budget,
    render,
    priority: (_, index) => rank[index]!,
    ...(options.protect === 'require' ? { required: (piece: Piece) => piece.protection > 0 } : {}),
    fillAttempts: 16,
  })
  return spansOf(fillRest({ ...fitted, pieces: choice.pieces, rank, sources, render, budget: options.budget }))
}

/** Protected pieces before all others, the best protected first; then by tier and value, the earlier of equals first. */
function rankPieces(pieces: readonly Piece[]): Float64Array {
  const order = pieces.map((_, index) => index)
  order.sort((a, b) => {
    const first = pieces[a]!
    const second = pieces[b]!
    return (
      second.protection - first.protection ||
      (second.tier ?? 0) - (first.tier ?? 0) ||
      compareValues(second.value, first.value) ||
      a - b
    )
  })
  const rank = new Float64Array(pieces.length)
  order.forEach((index, place) => {
    rank[index] = pieces.length - place
  })
  return rank
}

/** As a - b, with NaN below all numbers. */
function compareValues(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(b)) - Number(Number.isNaN(a))
  return a === b ? 0 : a - b
}

/** Renders passages in another order; the result's passages stay in the order given. */
function renderInOrder(
  sources: readonly RenderSource[],
  kept: readonly Span[][],
  order: readonly number[],
): RenderedContext {
  const rendered = renderKept(
    order.map((index) => sources[index]!),
    order.map((index) => kept[index]!),
  )
  const passages = sources.map(() => ({ text: '', links: [], start: -1 }) as RenderedContext['passages'][number])
  order.forEach((index, place) => {
    passages[index] = rendered.passages[place]!
  })
  return { text: rendered.text, passages }
}

function reorder(rendered: RenderedContext, order: readonly number[]): RenderedContext {
  return { text: rendered.text, passages: order.map((index) => rendered.passages[index]!) }
}
