/** @file Follows characters of an output through a passage back to the passage's own source. */
import type { Passage, Span, SpanLink } from '@lc/model'

/**
 * Links from output to the passage's source, given links from output to the passage's text. Stretches of the passage
 * that come from no source (markers of an earlier stage) get no link. A passage without links is its own source.
 */
export function traceToSource(passage: Passage, links: readonly SpanLink[]): SpanLink[] {
  if (passage.spans.length === 0)
    return links.map(({ output, source }) => ({ output: { ...output }, source: { ...source } }))
  const traced: SpanLink[] = []
  for (const link of links) {
    for (const earlier of passage.spans) {
      const found = composeLinks(link, earlier)
      if (found) traced.push(found)
    }
  }
  return traced
}

function composeLinks(link: SpanLink, earlier: SpanLink): SpanLink | undefined {
  const start = Math.max(link.source.start, earlier.output.start)
  const end = Math.min(link.source.end, earlier.output.end)
  if (end <= start) return undefined
  const output = moveSpan({ start, end }, link.output.start - link.source.start)
  const sameLength = earlier.output.end - earlier.output.start === earlier.source.end - earlier.source.start
  // text that an earlier stage rewrote maps as a whole
  const source = sameLength
    ? moveSpan({ start, end }, earlier.source.start - earlier.output.start)
    : { ...earlier.source }
  return { output, source }
}

function moveSpan(span: Span, by: number): Span {
  return { start: span.start + by, end: span.end + by }
}
