/** @file Cuts a text down to kept spans and remembers where every kept character came from. */
import { checkArgument } from '../check/check-argument.ts'
import { normaliseSpans, type Span } from './span.ts'
import type { SpanLink } from './span-link.ts'

/** Options of `keepSpans`. */
export interface KeepSpansOptions {
  /** Text put in the place of each omitted stretch. Defaults to nothing. */
  marker?: string | ((omitted: Span) => string)
}

/** A text that was cut down. */
export interface KeptText {
  text: string
  /** From the kept text to the text it was cut from, ascending; markers are not linked. */
  links: SpanLink[]
}

/**
 * The kept spans of a text, in order, with a marker for each omission. Kept text is copied unchanged; overlapping and
 * touching spans are merged.
 *
 * @throws InvalidArgumentError for a span outside the text.
 */
export function keepSpans(text: string, kept: readonly Span[], options: KeepSpansOptions = {}): KeptText {
  for (const span of kept)
    checkArgument(
      Number.isInteger(span.start) && span.start >= 0 && span.start <= span.end && span.end <= text.length,
      'kept',
      [span.start, span.end].join('-'),
      `spans within 0-${text.length}`,
    )
  const { marker = '' } = options
  const markerOf = typeof marker === 'string' ? () => marker : marker
  const links: SpanLink[] = []
  let output = ''
  let position = 0
  for (const span of normaliseSpans(kept)) {
    if (span.start > position) output += markerOf({ start: position, end: span.start })
    const start = output.length
    output += text.slice(span.start, span.end)
    links.push({ output: { start, end: output.length }, source: { ...span } })
    position = span.end
  }
  if (position < text.length) output += markerOf({ start: position, end: text.length })
  return { text: output, links }
}
