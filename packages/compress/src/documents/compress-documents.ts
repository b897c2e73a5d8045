/** @file The way that all compressors of whole lines go: read passages into units, choose blocks, render within the budget. */
import type { Passage, Span, TokenBudget } from '@lc/model'
import { normaliseSpans } from '@lc/model/text'
import type { CodeParsers } from '../code/code-parsers.ts'
import type { Language } from '../code/language.ts'
import { checkPassages } from '../compressor/check-passages.ts'
import { type Clock, startClock } from '../compressor/clock.ts'
import type { CompressionResult } from '../compressor/compression-result.ts'
import { createExpand } from '../compressor/expand.ts'
import { type FitKeepSetResult, fitKeepSet } from '../compressor/fit-keep-set.ts'
import type { OmissionStyle } from '../compressor/omission-marker.ts'
import { type RenderedContext, renderKept } from '../compressor/render-kept.ts'
import { keptPassages, keptSpansOf } from '../compressor/result-passages.ts'
import type { ResolvedProtection } from '../prose/protection.ts'
import type { Block } from './build-blocks.ts'
import { type CodeDocument, type DocumentUnit, readDocuments, unitsOf } from './code-document.ts'
import { describeUnits, wholeUnitText } from './describe-units.ts'
import { protectSelection } from './protect-selection.ts'
import { refineSelection } from './refine-selection.ts'
import type { Selection } from './selection.ts'

/** What a method decides. */
export interface Choice {
  selection: Selection
  /** Relevance of each unit; NaN where it was not scored. */
  scores: Float64Array
  warnings: string[]
}

export interface CompressDocumentsOptions {
  budget: TokenBudget
  parsers: CodeParsers | undefined
  language: Language | undefined
  omission: OmissionStyle
  /** Named in the result. */
  method: string
  /** What survives as long as it can; nothing in particular by default. */
  protection?: ResolvedProtection | undefined
  signal?: AbortSignal | undefined
  /** Called only when the input is over a budget above 0. */
  choose(documents: readonly CodeDocument[], units: readonly DocumentUnit[], clock: Clock): Promise<Choice>
}

/**
 * Compresses passages by whole lines. An input within the budget comes back unchanged.
 * @throws InvalidArgumentError for passages that share an id; BudgetTooSmallError for protected text that must stay and does not fit
 */
export async function compressDocuments(
  passages: readonly Passage[],
  options: CompressDocumentsOptions,
): Promise<CompressionResult> {
  checkPassages(passages)
  const clock = startClock()
  const { tokenizer, tokens: budget } = options.budget
  const documents = await clock.time('parse', () => readDocuments(passages, { ...options, tokenizer }))
  const units = unitsOf(documents)
  const whole = renderKept(
    documents.map((document) => document.source),
    documents.map(({ passage }) => [{ start: 0, end: passage.text.length }]),
  )
  const originalTokens = tokenizer.count(whole.text)
  const outcome =
    originalTokens <= budget
      ? { rendered: whole, tokens: originalTokens, scores: undefined, warnings: [] }
      : await chooseAndRender(documents, units, options, clock)
  return {
    text: outcome.rendered.text,
    passages: keptPassages(passages, outcome.rendered, tokenizer),
    units: describeUnits(documents, units, outcome.rendered, outcome.scores),
    spans: keptSpansOf(passages, outcome.rendered),
    tokens: outcome.tokens,
    originalTokens,
    budget,
    tokenizer: tokenizer.id,
    method: options.method,
    seconds: clock.seconds(),
    timings: clock.timings,
    warnings: outcome.warnings,
    expand: createExpand([
      ...passages.map((passage) => ({ id: passage.id, text: passage.text })),
      ...units.map((unit) => ({ id: unit.id, text: wholeUnitText(documents, unit) })),
    ]),
  }
}

interface Outcome {
  rendered: RenderedContext
  tokens: number
  scores: Float64Array | undefined
  warnings: string[]
}

async function chooseAndRender(
  documents: readonly CodeDocument[],
  units: readonly DocumentUnit[],
  options: CompressDocumentsOptions,
  clock: Clock,
): Promise<Outcome> {
  const required = options.protection?.protect === 'require'
  if (options.budget.tokens === 0 && !required)
    return { rendered: emptyContext(documents), tokens: 0, scores: undefined, warnings: [] }
  const { selection, scores, warnings } = await options.choose(documents, units, clock)
  const fitted = await clock.time('fit', () => fitSelection(documents, selection, options))
  return { ...fitted, scores, warnings }
}

/** Less than this share of the budget may stay unused while there is anything smaller to add. */
const worthRefining = 0.02

function fitSelection(
  documents: readonly CodeDocument[],
  chosen: Selection,
  { budget, protection }: CompressDocumentsOptions,
): FitKeepSetResult {
  const selection = protection ? protectSelection(documents, chosen, protection) : chosen
  const fit = (plan: Selection): FitKeepSetResult =>
    fitKeepSet({
      items: plan.blocks.map(({ tokens, parent }, at) => ({
        tokens,
        parent,
        value: plan.values[at]!,
        protection: plan.protection?.[at] ?? 0,
      })),
      required: protection?.protect === 'require',
      kept: plan.kept,
      budget: budget.tokens,
      fill: plan.fill,
      count: (text) => budget.tokenizer.count(text),
      render: (kept) => renderBlocks(documents, plan, kept),
    })
  const fitted = fit(selection)
  const room = budget.tokens - fitted.tokens
  if (selection.fill !== 'all' || room <= worthRefining * budget.tokens) return fitted
  return fit(refineSelection(documents, selection, room))
}

function emptyContext(documents: readonly CodeDocument[]): RenderedContext {
  return { text: '', passages: documents.map(() => ({ text: '', links: [], start: -1 })) }
}

function renderBlocks(documents: readonly CodeDocument[], { blocks }: Selection, kept: Uint8Array): RenderedContext {
  const spans: Span[][] = documents.map(() => [])
  blocks.forEach((block, at) => {
    if (kept[at]) spans[block.document]!.push(...blockSpans(documents[block.document]!, block))
  })
  return renderKept(
    documents.map((document) => document.source),
    spans.map(normaliseSpans),
  )
}

function blockSpans({ outline: { lines } }: CodeDocument, block: Block): Span[] {
  return block.ranges.map(({ from, to }) => ({ start: lines.starts[from]!, end: lines.starts[to]! }))
}
