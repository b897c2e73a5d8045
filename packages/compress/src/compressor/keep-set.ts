/** @file Sets of kept characters as ascending, disjoint, non-touching spans. */
import type { Span } from '@lc/model'

/** Sorts spans and joins those that touch or overlap. Empty spans vanish. */
export function mergeSpans(spans: readonly Span[]): Span[] {
  const sorted = spans.filter((span) => span.end > span.start).sort((a, b) => a.start - b.start || a.end - b.end)
  const merged: Span[] = []
  for (const { start, end } of sorted) {
    const last = merged.at(-1)
    if (last && start <= last.end) last.end = Math.max(last.end, end)
    else merged.push({ start, end })
  }
  return merged
}

/** What merged spans leave out of a text of a length. */
export function gapsOf(kept: readonly Span[], length: number): Span[] {
  const gaps: Span[] = []
  let at = 0
  for (const { start, end } of kept) {
    if (start > at) gaps.push({ start: at, end: start })
    at = end
  }
  if (length > at) gaps.push({ start: at, end: length })
  return gaps
}

/** The part of merged spans inside a range. */
export function clipSpans(kept: readonly Span[], range: Span): Span[] {
  const clipped: Span[] = []
  for (const { start, end } of kept) {
    const from = Math.max(start, range.start)
    const to = Math.min(end, range.end)
    if (to > from) clipped.push({ start: from, end: to })
  }
  return clipped
}
