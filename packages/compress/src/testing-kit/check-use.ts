/** @file Whether a budget was used: nearly all of it, or nothing that was dropped would still fit. */
import type { Passage, Span, TokenBudget } from '@lc/model'
import { normaliseSpans } from '@lc/model/text'
import { expect } from 'vitest'
import type { CompressionResult } from '../compressor/compression-result.ts'
import { renderKept } from '../compressor/render-kept.ts'
import { phraseSpans } from '../prose/phrases.ts'
import { protectionDefaults, protectPieces, resolveProtection } from '../prose/protection.ts'
import { wordSpans } from '../prose/words.ts'
import type { MethodUnderTest } from './every-method.ts'

const usedShare = 0.97
/** Dropped pieces that are tried, from the smallest. */
const tried = 40

/** For methods of words and phrases exactly; for those of lines the smallest dropped line with a marker, its title and its unit's head. */
export function checkUse(
  { unit }: Pick<MethodUnderTest, 'unit'>,
  result: CompressionResult,
  passages: readonly Passage[],
  budget: TokenBudget,
): void {
  if (result.tokens >= usedShare * budget.tokens || result.tokens >= result.originalTokens) return
  if (unit === 'line' || /^no-model|^longcodezip/.test(result.method)) {
    checkLines(result, passages, budget)
    return
  }
  const pieces = droppedPieces(result, passages, result.method.includes('phrase') ? phraseSpans : wordSpans)
  const kept = keptSpans(result, passages)
  const order = orderOf(result, passages)
  for (const { passage, span } of pieces.slice(0, tried)) {
    const more = kept.map((spans, index) => (index === passage ? normaliseSpans([...spans, span]) : spans))
    const sources = passages.map(({ text }) => ({ text, title: '', marker: () => '' }))
    const { text } = renderKept(
      order.map((index) => sources[index]!),
      order.map((index) => more[index]!),
    )
    expect(
      budget.tokenizer.count(text),
      `${JSON.stringify(passages[passage]!.text.slice(span.start, span.end))} fits`,
    ).toBeGreaterThan(budget.tokens)
  }
}

/** Passages in the order in which more of them would come out: as given, or as ranked with the dropped ones behind. */
function orderOf(result: CompressionResult, passages: readonly Passage[]): number[] {
  if (!result.method.startsWith('longllmlingua')) return [...passages.keys()]
  const indices = new Map(passages.map(({ id }, index) => [id, index]))
  const order = result.passages.map(({ id }) => indices.get(id)!)
  const seen = new Set(order)
  return [...order, ...passages.keys()].filter(
    (index, at, all) => at < order.length || (!seen.has(index) && all.indexOf(index) === at),
  )
}

function keptSpans(result: CompressionResult, passages: readonly Passage[]): Span[][] {
  const indices = new Map(passages.map(({ id }, index) => [id, index]))
  const kept: Span[][] = passages.map(() => [])
  for (const { passageId, source } of result.spans) kept[indices.get(passageId)!]!.push(source)
  return kept.map(normaliseSpans)
}

function droppedPieces(
  result: CompressionResult,
  passages: readonly Passage[],
  cut: (text: string) => Span[],
): { passage: number; span: Span }[] {
  const kept = keptSpans(result, passages)
  const protection = resolveProtection({ protectedKinds: protectionDefaults.protectedKinds })
  const dropped = passages.flatMap(({ text }, passage) =>
    protectPieces(text, cut(text), protection)
      .filter(({ start, end }) => !kept[passage]!.some((span) => span.start <= start && span.end >= end))
      .map(({ start, end }) => ({ passage, span: { start, end } })),
  )
  return dropped.sort((a, b) => a.span.end - a.span.start - (b.span.end - b.span.start)).slice(0, tried)
}

/** What a line may need beside itself: markers around it, its file's title, the head and end of its unit. */
const companions = 48

function checkLines(result: CompressionResult, passages: readonly Passage[], { tokens, tokenizer }: TokenBudget): void {
  const kept = keptSpans(result, passages)
  let smallest = Number.POSITIVE_INFINITY
  passages.forEach(({ text }, passage) => {
    let at = 0
    for (const line of text.split(/(?<=\n)/)) {
      const start = at
      at += line.length
      if (line.trim() === '' || kept[passage]!.some((span) => span.start <= start && span.end >= at)) continue
      smallest = Math.min(smallest, tokenizer.count(line))
    }
  })
  expect(tokens - result.tokens).toBeLessThan(smallest + companions)
}
