import type { Span } from '../text/span.ts'
import { linksWithin, type SpanLink } from '../text/span-link.ts'
import type { Passage, Source } from './passage.ts'

/** Where a passage stands in a joined text. */
export interface PassagePlace {
  id: string
  source: Source
  /** The passage's text in the joined text. */
  span: Span
  /** From the passage's own text to its source. */
  spans: SpanLink[]
}

/** A text made of passages, and the table that leads back to them. */
export interface JoinedPassages {
  text: string
  /** In the order of the text. */
  places: PassagePlace[]
}

/** What stands between, before and after passages. */
export interface JoinPassagesOptions {
  /** Between passages. Defaults to a blank line. */
  separator?: string
  /** Before each passage. Defaults to nothing. */
  header?: (passage: Passage, index: number) => string
  /** After each passage. Defaults to nothing. */
  footer?: (passage: Passage, index: number) => string
}

/** Joins passages to one text; every character can be traced by `traceSpan`. */
export function joinPassages(passages: readonly Passage[], options: JoinPassagesOptions = {}): JoinedPassages {
  const { separator = '\n\n', header, footer } = options
  const places: PassagePlace[] = []
  let text = ''
  for (const [index, passage] of passages.entries()) {
    if (index > 0) text += separator
    if (header) text += header(passage, index)
    const start = text.length
    text += passage.text
    places.push({ id: passage.id, source: passage.source, span: { start, end: text.length }, spans: passage.spans })
    if (footer) text += footer(passage, index)
  }
  return { text, places }
}

/** A stretch of a source that a stretch of a joined text shows. */
export interface TracedSpan {
  id: string
  source: Source
  /** In the joined text. */
  output: Span
  /** In the source. */
  span: Span
}

/** Leads a stretch of a joined text back to the sources that it shows; separators, headers and markers have none. */
export function traceSpan(joined: Pick<JoinedPassages, 'places'>, span: Span): TracedSpan[] {
  return joined.places.flatMap((place) => {
    const offset = place.span.start
    const inside = {
      start: Math.max(span.start - offset, 0),
      end: Math.min(span.end, place.span.end) - offset,
    }
    if (inside.start >= inside.end) return []
    return linksWithin(place.spans, inside).map((link) => ({
      id: place.id,
      source: place.source,
      output: { start: link.output.start + offset, end: link.output.end + offset },
      span: link.source,
    }))
  })
}
