/** A half-open range of UTF-16 offsets in a text: `text.slice(start, end)`. */
export interface Span {
  start: number
  end: number
}

/** Spans sorted by start, overlapping and touching ones merged, empty ones dropped. */
export function normaliseSpans(spans: readonly Span[]): Span[] {
  const sorted = spans.filter((span) => span.end > span.start).sort((a, b) => a.start - b.start)
  const merged: Span[] = []
  for (const span of sorted) {
    const last = merged.at(-1)
    if (last && span.start <= last.end) last.end = Math.max(last.end, span.end)
    else merged.push({ start: span.start, end: span.end })
  }
  return merged
}

/** What the spans leave uncovered of `[0, length)`, ascending. */
export function invertSpans(spans: readonly Span[], length: number): Span[] {
  const gaps: Span[] = []
  let position = 0
  for (const span of normaliseSpans(spans)) {
    if (span.start > position) gaps.push({ start: position, end: Math.min(span.start, length) })
    position = Math.max(position, span.end)
    if (position >= length) return gaps
  }
  if (position < length) gaps.push({ start: position, end: length })
  return gaps
}

/** The common part of two spans, or undefined when they share no character. */
export function intersectSpans(first: Span, second: Span): Span | undefined {
  const start = Math.max(first.start, second.start)
  const end = Math.min(first.end, second.end)
  return start < end ? { start, end } : undefined
}
