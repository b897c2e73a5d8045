import { intersectSpans, type Span } from './span.ts'

/** A stretch of a passage's text and the stretch of its source that it shows. */
export interface SpanLink {
  output: Span
  source: Span
}

/**
 * The stretches of the source that a stretch of the output shows, with the part of the output each of them shows.
 * A link whose two sides have the same length is taken as a copy and cut to the character; any other link (a summary)
 * stands for its whole source.
 */
export function linksWithin(links: readonly SpanLink[], output: Span): SpanLink[] {
  const found: SpanLink[] = []
  for (const link of links) {
    const shared = intersectSpans(link.output, output)
    if (!shared) continue
    found.push({ output: shared, source: isCopy(link) ? shift(shared, sourceOffset(link)) : { ...link.source } })
  }
  return found
}

/**
 * Links of an edit of an edit. `inner` leads from the middle text to the source, `outer` from the final text to the
 * middle text; the result leads from the final text to the source. Neighbours that continue each other are merged.
 */
export function composeLinks(outer: readonly SpanLink[], inner: readonly SpanLink[]): SpanLink[] {
  const composed: SpanLink[] = []
  for (const link of outer)
    for (const part of linksWithin(inner, link.source))
      composed.push({
        output: isCopy(link) ? shift(part.output, -sourceOffset(link)) : { ...link.output },
        source: part.source,
      })
  return mergeLinks(composed)
}

/** Joins neighbouring copies that are neighbours on both sides. */
export function mergeLinks(links: readonly SpanLink[]): SpanLink[] {
  const merged: SpanLink[] = []
  for (const link of links) {
    const last = merged.at(-1)
    const continues =
      last !== undefined &&
      isCopy(last) &&
      isCopy(link) &&
      last.output.end === link.output.start &&
      last.source.end === link.source.start
    if (continues) {
      last.output.end = link.output.end
      last.source.end = link.source.end
    } else merged.push({ output: { ...link.output }, source: { ...link.source } })
  }
  return merged
}

/** Moves the output side of links by an offset, as when their text is put into a longer one. */
export function shiftLinks(links: readonly SpanLink[], by: number): SpanLink[] {
  return links.map((link) => ({ output: shift(link.output, by), source: { ...link.source } }))
}

function isCopy(link: SpanLink): boolean {
  return link.output.end - link.output.start === link.source.end - link.source.start
}

function sourceOffset(link: SpanLink): number {
  return link.source.start - link.output.start
}

function shift(span: Span, by: number): Span {
  return { start: span.start + by, end: span.end + by }
}
