/** @file LongCodeZip on passages: parse, rank, select, render within the budget. */
import type { CallOptions, Passage, Span } from '@lc/model'
import { checkArgument } from '@lc/model/check'
import { lineAt } from '../code/source-lines.ts'
import type { CompressedUnit, CompressionResult, UnitState } from '../compressor/compression-result.ts'
import { createExpand } from '../compressor/expand.ts'
import { fitKeepSet } from '../compressor/fit-keep-set.ts'
import { clipSpans, mergeSpans } from '../compressor/keep-set.ts'
import { type RenderedContext, renderKept } from '../compressor/render-kept.ts'
import { keptPassages, keptSpansOf } from '../compressor/result-passages.ts'
import { type Block, tailStart } from './build-blocks.ts'
import { type CodeDocument, type DocumentUnit, readDocuments, sumTokens, unitsOf } from './code-document.ts'
import { selectJointly } from './joint-selection.ts'
import { type LongCodeZipOptions, type ResolvedLongCodeZipOptions, resolveLongCodeZipOptions } from './options.ts'
import { selectAsPaper } from './paper-selection.ts'
import { scoreUnits } from './score-units.ts'
import type { Selection } from './selection.ts'

export interface CompressCodeOptions extends LongCodeZipOptions, CallOptions {
  /** What the code is needed for; a question, or the code before the cursor. Without one nothing is ranked and the start of each file comes first. */
  query?: string | undefined
}

/**
 * Compresses passages of code to a budget: whole lines are kept or left out, most relevant to the query first.
 * @throws InvalidArgumentError
 */
export async function compressCode(
  passages: readonly Passage[],
  options: CompressCodeOptions,
): Promise<CompressionResult> {
  const resolved = resolveLongCodeZipOptions(options)
  checkPassages(passages)
  return compressResolved(passages, options.query ?? '', resolved)
}

function checkPassages(passages: readonly Passage[]): void {
  const seen = new Set<string>()
  for (const { id, text } of passages) {
    checkArgument(typeof text === 'string', 'passages.text', text, 'a string')
    checkArgument(!seen.has(id), 'passages.id', id, 'unique')
    seen.add(id)
  }
}

/** `compressCode` after its options are checked. */
export async function compressResolved(
  passages: readonly Passage[],
  query: string,
  options: ResolvedLongCodeZipOptions,
): Promise<CompressionResult> {
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
      : await chooseAndRender(documents, units, query, options, clock)
  return {
    text: outcome.rendered.text,
    passages: keptPassages(passages, outcome.rendered, tokenizer),
    units: describeUnits(documents, units, outcome.rendered, outcome.scores),
    spans: keptSpansOf(passages, outcome.rendered),
    tokens: outcome.tokens,
    originalTokens,
    budget,
    tokenizer: tokenizer.id,
    method: `longcodezip/${options.mode}`,
    seconds: clock.seconds(),
    timings: clock.timings,
    warnings: outcome.warnings,
    expand: createExpand([
      ...passages.map((passage) => ({ id: passage.id, text: passage.text })),
      ...units.map((unit) => ({ id: unit.id, text: wholeUnitText(documents, unit) })),
    ]),
  }
}

interface Clock {
  timings: Record<string, number>
  time<T>(name: string, work: () => T | Promise<T>): Promise<T>
  seconds(): number
}

function startClock(): Clock {
  const start = performance.now()
  const timings: Record<string, number> = {}
  return {
    timings,
    async time(name, work) {
      const from = performance.now()
      const value = await work()
      timings[name] = (performance.now() - from) / 1000
      return value
    },
    seconds: () => (performance.now() - start) / 1000,
  }
}

async function chooseAndRender(
  documents: readonly CodeDocument[],
  units: readonly DocumentUnit[],
  query: string,
  options: ResolvedLongCodeZipOptions,
  clock: Clock,
): Promise<{ rendered: RenderedContext; tokens: number; scores: Float64Array; warnings: string[] }> {
  const { tokenizer, tokens: budget } = options.budget
  const joint = options.mode === 'joint'
  if (budget === 0) return { rendered: emptyContext(documents), tokens: 0, scores: unscored(units), warnings: [] }
  const scores = await clock.time('rank', () =>
    scoreUnits(
      { units, query, scale: joint ? 'log' : 'perplexity', withTokens: joint && isSmall(units, budget) },
      options,
    ),
  )
  const select = joint ? selectJointly : selectAsPaper
  const selection = await clock.time('select', () => select(documents, units, scores, options))
  const fitted = await clock.time('fit', () =>
    fitKeepSet({
      items: selection.blocks.map(({ tokens, parent }, at) => ({ tokens, parent, value: selection.values[at]! })),
      kept: selection.kept,
      budget,
      fill: selection.fill,
      count: (text) => tokenizer.count(text),
      render: (kept) => renderBlocks(documents, selection, kept),
    }),
  )
  return { ...fitted, scores: scores.scores, warnings: scores.warnings }
}

/** One pass for ranks and lines pays off while the fine stage would read much of the input again. */
function isSmall(units: readonly DocumentUnit[], budget: number): boolean {
  return units.reduce((sum, unit) => sum + unit.tokens, 0) <= 5 * budget
}

function unscored(units: readonly DocumentUnit[]): Float64Array {
  return new Float64Array(units.length).fill(Number.NaN)
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
    spans.map(mergeSpans),
  )
}

function blockSpans({ outline: { lines } }: CodeDocument, block: Block): Span[] {
  return block.ranges.map(({ from, to }) => ({ start: lines.starts[from]!, end: lines.starts[to]! }))
}

/** A unit's own lines; of a container with its members. */
function unitSpan({ outline: { lines } }: CodeDocument, { unit }: DocumentUnit): Span {
  return { start: lines.starts[unit.lines.from]!, end: lines.starts[(unit.closer ?? unit.lines).to]! }
}

function wholeUnitText(documents: readonly CodeDocument[], unit: DocumentUnit): string {
  const { start, end } = unitSpan(documents[unit.document]!, unit)
  return documents[unit.document]!.passage.text.slice(start, end)
}

function describeUnits(
  documents: readonly CodeDocument[],
  units: readonly DocumentUnit[],
  rendered: RenderedContext,
  scores: Float64Array | undefined,
): CompressedUnit[] {
  const keptOf = rendered.passages.map(({ links }) => links.map((link) => link.source))
  return units.map((entry, index): CompressedUnit => {
    const document = documents[entry.document]!
    const { lines } = document.outline
    const { unit } = entry
    const pieces = unit.closer ? [unit.lines, unit.closer] : [unit.lines]
    const kept = pieces.flatMap(({ from, to }) =>
      clipSpans(keptOf[entry.document]!, { start: lines.starts[from]!, end: lines.starts[to]! }),
    )
    const score = scores?.[index] ?? Number.NaN
    return {
      id: entry.id,
      passageId: document.passage.id,
      source: document.passage.source.uri,
      kind: unit.kind,
      name: unit.name,
      ...unitSpan(document, entry),
      tokens: entry.tokens,
      keptTokens: tokensOfSpans(document, kept),
      score: Number.isNaN(score) ? null : score,
      state: stateOf(document, entry, kept),
      kept,
    }
  })
}

function tokensOfSpans(document: CodeDocument, kept: readonly Span[]): number {
  const { lines } = document.outline
  return kept.reduce((sum, { start, end }) => {
    return sum + sumTokens(document, { from: lineAt(lines, start), to: lineAt(lines, end - 1) + 1 })
  }, 0)
}

function stateOf(document: CodeDocument, { unit }: DocumentUnit, kept: readonly Span[]): UnitState {
  const { lines } = document.outline
  const length = (from: number, to: number): number => lines.starts[to]! - lines.starts[from]!
  const keptLength = kept.reduce((sum, { start, end }) => sum + end - start, 0)
  if (keptLength === 0) return 'dropped'
  const closer = unit.closer ? length(unit.closer.from, unit.closer.to) : 0
  if (keptLength === length(unit.lines.from, unit.lines.to) + closer) return 'whole'
  if (unit.header.to === unit.header.from) return 'part'
  const bodyEnd = unit.closer ? unit.lines.to : tailStart(document, { from: unit.header.to, to: unit.lines.to })
  const body = { start: lines.starts[unit.header.to]!, end: lines.starts[bodyEnd]! }
  return clipSpans(kept, body).length === 0 ? 'skeleton' : 'part'
}
