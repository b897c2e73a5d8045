/** @file Sentences as the units that a result of words and phrases is told in. */
import type { Passage, Span, Tokenizer } from '@lc/model'
import { intersectSpans } from '@lc/model/text'
import { sentenceStarts } from '../prose/sentences.ts'
import type { CompressedUnit, UnitState } from './compression-result.ts'

/** A sentence of a passage, or another part that results are told in. */
export interface SentenceUnit extends Span {
  passage: number
  id: string
  /** Defaults to `'sentence'`. */
  kind?: string
  /** Defaults to none. */
  name?: string
}

interface Valued extends Span {
  passage: number
  value: number
}

/** The sentences of all passages, in order. */
export function sentenceUnits(passages: readonly Passage[]): SentenceUnit[] {
  return passages.flatMap(({ id, text }, passage) => {
    const starts = sentenceStarts(text)
    return starts.map((start, number) => ({
      passage,
      id: `${id}#${number}`,
      start,
      end: starts[number + 1] ?? text.length,
    }))
  })
}

/** One record per sentence. */
export function describeSentences(
  passages: readonly Passage[],
  units: readonly SentenceUnit[],
  kept: readonly (readonly Span[])[],
  choice: { pieces: readonly Valued[]; scores?: Float64Array } | undefined,
  tokenizer: Tokenizer,
): CompressedUnit[] {
  const means = choice ? (choice.scores ?? meanValues(units, choice.pieces)) : undefined
  const tokenStarts = passages.map(({ text }) => tokenizer.encode(text).spans.map((span) => span.start))
  return units.map((unit, index) => {
    const spans = clip(kept[unit.passage]!, unit)
    const score = means?.[index] ?? Number.NaN
    return {
      id: unit.id,
      passageId: passages[unit.passage]!.id,
      source: passages[unit.passage]!.source.uri,
      kind: unit.kind ?? 'sentence',
      name: unit.name ?? '',
      start: unit.start,
      end: unit.end,
      tokens: countWithin(tokenStarts[unit.passage]!, unit),
      keptTokens: spans.reduce((sum, span) => sum + countWithin(tokenStarts[unit.passage]!, span), 0),
      score: Number.isNaN(score) ? null : score,
      state: stateOf(unit, spans),
      kept: spans,
    }
  })
}

function stateOf(unit: Span, kept: readonly Span[]): UnitState {
  if (kept.length === 0) return 'dropped'
  return kept.length === 1 && kept[0]!.start === unit.start && kept[0]!.end === unit.end ? 'whole' : 'part'
}

/** Kept spans are ascending: the first that can matter is found by halving. */
function clip(kept: readonly Span[], unit: Span): Span[] {
  const clipped: Span[] = []
  for (let index = firstEndingAfter(kept, unit.start); index < kept.length && kept[index]!.start < unit.end; index++) {
    const shared = intersectSpans(kept[index]!, unit)
    if (shared) clipped.push(shared)
  }
  return clipped
}

function firstEndingAfter(spans: readonly Span[], offset: number): number {
  let low = 0
  let high = spans.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (spans[middle]!.end <= offset) low = middle + 1
    else high = middle
  }
  return low
}

function countWithin(starts: readonly number[], { start, end }: Span): number {
  return lowerBound(starts, end) - lowerBound(starts, start)
}

function lowerBound(values: readonly number[], value: number): number {
  let low = 0
  let high = values.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (values[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}

function meanValues(units: readonly SentenceUnit[], pieces: readonly Valued[]): Float64Array {
  const sums = new Float64Array(units.length)
  const counts = new Uint32Array(units.length)
  const sorted = [...pieces].sort((a, b) => a.passage - b.passage || a.start - b.start)
  let unit = 0
  for (const { passage, start, value } of sorted) {
    while (unit + 1 < units.length && isBefore(units[unit]!, passage, start)) unit++
    if (!Number.isFinite(value)) continue
    sums[unit]! += value
    counts[unit]!++
  }
  return sums.map((sum, index) => (counts[index]! > 0 ? sum / counts[index]! : Number.NaN))
}

function isBefore(unit: SentenceUnit, passage: number, offset: number): boolean {
  return unit.passage < passage || (unit.passage === passage && unit.end <= offset)
}
