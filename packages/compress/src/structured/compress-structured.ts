/** @file Text with a structure, to a budget, so that the structure survives: parts ranked by words of the query (BM25). */
import type { CallOptions, Passage, Span, TokenBudget } from '@lc/model'
import { BudgetTooSmallError } from '@lc/model/errors'
import { normaliseSpans } from '@lc/model/text'
import { checkPassages } from '../compressor/check-passages.ts'
import { type Clock, startClock } from '../compressor/clock.ts'
import type { CompressionResult } from '../compressor/compression-result.ts'
import { describeSentences, type SentenceUnit } from '../compressor/describe-sentences.ts'
import { createExpand } from '../compressor/expand.ts'
import { fitKeepSet } from '../compressor/fit-keep-set.ts'
import { type RenderedContext, type RenderSource, renderKept } from '../compressor/render-kept.ts'
import { keptPassages, keptSpansOf } from '../compressor/result-passages.ts'
import { protectedSpans, protectionRank } from '../prose/protected-spans.ts'
import { lineProtectionDefaults, type ProtectionOptions, resolveProtection } from '../prose/protection.ts'
import { bm25 } from '../score/lexical-relevance.ts'
import { chatOutline, sentenceOutline } from './chat-outline.ts'
import { jsonOutline } from './json-outline.ts'
import { readJson } from './json-tree.ts'
import type { Outline, PartSpan } from './outline.ts'
import { tableOutline } from './table-outline.ts'

/** How a passage is read. */
export type Structure = 'json' | 'table' | 'chat' | 'text'

export interface CompressStructuredOptions extends ProtectionOptions, CallOptions {
  budget: TokenBudget
  query: string
  /** Named in the result. */
  method: string
  /** The structure of a passage. */
  structureOf(passage: Passage): Structure
}

/** All passages as one list of parts. */
interface Plan {
  outlines: Outline[]
  /** Where the parts of each outline begin. */
  bases: number[]
}

/**
 * Compresses passages by parts of their structure: JSON stays JSON with all its keys (elements of arrays and ends of long strings
 * go; members only where the keys alone are over the budget, which is a warning), rows of a table keep their header, what is left
 * of a turn keeps its speaker. A passage that does not fit at all goes whole.
 * @throws InvalidArgumentError, BudgetTooSmallError
 */
export async function compressStructured(
  passages: readonly Passage[],
  options: CompressStructuredOptions,
): Promise<CompressionResult> {
  checkPassages(passages)
  options.signal?.throwIfAborted()
  const clock = startClock()
  const { tokenizer, tokens: budget } = options.budget
  const whole = renderKept(
    passages.map(({ text }) => ({ text, title: '', marker: () => '' })),
    passages.map(({ text }) => [{ start: 0, end: text.length }]),
  )
  const originalTokens = tokenizer.count(whole.text)
  const { plan, scores, rendered, tokens, warnings } =
    originalTokens > budget
      ? await shorten(passages, options, clock)
      : { plan: planPassages(passages, options, false), rendered: whole, tokens: originalTokens, warnings: [] }
  const units = unitsOf(passages, plan)
  const kept = rendered.passages.map(({ links }) => links.map(({ source }) => source))
  return {
    text: rendered.text,
    passages: keptPassages(passages, rendered, tokenizer),
    units: describeSentences(passages, units, kept, scores ? { pieces: [], scores } : undefined, tokenizer),
    spans: keptSpansOf(passages, rendered),
    tokens,
    originalTokens,
    budget,
    tokenizer: tokenizer.id,
    method: options.method,
    seconds: clock.seconds(),
    timings: clock.timings,
    warnings,
    expand: createExpand([
      ...passages.map(({ id, text }) => ({ id, text })),
      ...units.map(({ id, passage, start, end }) => ({ id, text: passages[passage]!.text.slice(start, end) })),
    ]),
  }
}

interface Shortened {
  plan: Plan
  scores: Float64Array
  rendered: RenderedContext
  tokens: number
  warnings: string[]
}

/** All keys stay; where they alone are over the budget, members go as elements do. */
async function shorten(
  passages: readonly Passage[],
  options: CompressStructuredOptions,
  clock: Clock,
): Promise<Shortened> {
  const attempt = async (members: boolean): Promise<Shortened> => {
    const plan = await clock.time('parse', () => planPassages(passages, options, members))
    const scores = await clock.time('rank', () => scoreParts(passages, plan, options.query))
    const fitted = await clock.time('fit', () => fitParts(passages, plan, scores, options))
    return {
      ...fitted,
      plan,
      scores,
      warnings: members ? ['the keys alone are over the budget: some were left out'] : [],
    }
  }
  const hasKeys = passages.some((passage) => options.structureOf(passage) === 'json')
  try {
    const shortened = await attempt(false)
    if (shortened.rendered.text !== '' || !hasKeys || options.budget.tokens === 0) return shortened
  } catch (error) {
    if (!(error instanceof BudgetTooSmallError) || !hasKeys) throw error
  }
  return attempt(true)
}

function planPassages(
  passages: readonly Passage[],
  { structureOf }: CompressStructuredOptions,
  members: boolean,
): Plan {
  const outlines = passages.map((passage) => outlineOf(passage.text, structureOf(passage), members))
  const bases: number[] = []
  let base = 0
  for (const { parts } of outlines) {
    bases.push(base)
    base += parts.length
  }
  return { outlines, bases }
}

function outlineOf(text: string, structure: Structure, members: boolean): Outline {
  if (structure === 'table') return tableOutline(text)
  if (structure === 'chat') return chatOutline(text)
  const values = structure === 'json' ? readJson(text) : undefined
  return values ? jsonOutline(text, values, members) : sentenceOutline(text)
}

/** BM25 of each part with its key; the parts of a last turn above all others. */
function scoreParts(passages: readonly Passage[], { outlines }: Plan, query: string): Float64Array {
  const texts = outlines.flatMap(({ parts }, index) =>
    parts.map(({ start, end, label }) => `${label} ${passages[index]!.text.slice(start, end)}`),
  )
  return bm25(query, texts)
}

function fitParts(
  passages: readonly Passage[],
  plan: Plan,
  scores: Float64Array,
  { budget, ...options }: CompressStructuredOptions,
): { rendered: RenderedContext; tokens: number } {
  const protection = resolveProtection(options, lineProtectionDefaults)
  const { outlines, bases } = plan
  const all = outlines.map((outline) => outline.spansOf(() => true))
  const tokens = new Uint32Array(scores.length)
  const ranks = new Uint8Array(scores.length)
  all.forEach((spans, index) => {
    const { text } = passages[index]!
    const base = bases[index]!
    const starts = budget.tokenizer.encode(text).spans.map(({ start }) => ({ start, end: start + 1 }))
    eachOverlap(spans, starts, (part) => tokens[base + part]!++)
    const found = protectedSpans(text, protection).filter(({ kind }) => protection.kinds.includes(kind))
    found.sort((a, b) => a.start - b.start)
    eachOverlap(spans, found, (part, range) => {
      ranks[base + part] = Math.max(ranks[base + part]!, protectionRank(found[range]!.kind))
    })
  })
  const values = valuesByRank(plan, scores, tokens)
  const items = outlines.flatMap(({ parts }, index) =>
    parts.map(({ parent }, part) => {
      const at = bases[index]! + part
      return {
        tokens: tokens[at]!,
        value: values[at]!,
        protection: ranks[at]!,
        parent: parent < 0 ? -1 : bases[index]! + parent,
      }
    }),
  )
  const kept = Uint8Array.from(ranks, (rank) => (rank > 0 ? 1 : 0))
  for (let at = kept.length - 1; at >= 0; at--) if (kept[at] && items[at]!.parent >= 0) kept[items[at]!.parent] = 1
  const sources = passages.map(
    ({ text }, index): RenderSource => ({ text, title: '', marker: outlines[index]!.marker }),
  )
  return fitKeepSet({
    items,
    kept,
    budget: budget.tokens,
    required: protection.protect === 'require',
    count: (text) => budget.tokenizer.count(text),
    render: (chosen) =>
      renderKept(
        sources,
        outlines.map((outline, index) => normaliseSpans(outline.spansOf((part) => chosen[bases[index]! + part] === 1))),
      ),
  })
}

/** Calls with the part of every span that a range touches. Both ascend by their starts. */
function eachOverlap(
  spans: readonly PartSpan[],
  ranges: readonly Span[],
  visit: (part: number, range: number) => void,
): void {
  let from = 0
  ranges.forEach(({ start, end }, range) => {
    while (from < spans.length && spans[from]!.end <= start) from++
    for (let at = from; at < spans.length && spans[at]!.start < end; at++) visit(spans[at]!.part, range)
  })
}

/** Worth per token falls with rank alone, so that filling goes by rank. */
function valuesByRank({ outlines, bases }: Plan, scores: Float64Array, tokens: Uint32Array): Float64Array {
  const late = new Uint8Array(scores.length)
  outlines.forEach(({ parts, lastFrom }, index) => {
    if (lastFrom !== undefined) late.fill(1, bases[index]! + lastFrom, bases[index]! + parts.length)
  })
  const order = Array.from(scores.keys()).sort((a, b) => late[b]! - late[a]! || scores[b]! - scores[a]! || a - b)
  const values = new Float64Array(scores.length)
  order.forEach((at, place) => {
    values[at] = Math.max(1, tokens[at]!) * (order.length - place)
  })
  return values
}

function unitsOf(passages: readonly Passage[], { outlines }: Plan): SentenceUnit[] {
  return outlines.flatMap(({ parts }, passage) =>
    parts.map(({ start, end, kind, name = '' }, part) => ({
      passage,
      id: `${passages[passage]!.id}#${part}`,
      start,
      end,
      kind,
      name,
    })),
  )
}
