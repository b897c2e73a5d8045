import type { Span } from '../text/span.ts'
import { composeLinks } from '../text/span-link.ts'
import { type KeepSpansOptions, keepSpans } from '../text/span-map.ts'
import type { Passage } from './passage.ts'

/** Options of `slicePassage`. */
export interface SlicePassageOptions extends KeepSpansOptions {
  /** Of the new passage. Defaults to the id of the old one with the kept spans behind a `/`. */
  id?: string
}

/**
 * A passage cut down to parts of its text, with links that still lead to the original source. The token count is
 * dropped, for it no longer holds; score and metadata stay.
 *
 * @throws InvalidArgumentError for a span outside the text.
 */
export function slicePassage(
  passage: Passage,
  kept: Span | readonly Span[],
  options: SlicePassageOptions = {},
): Passage {
  const spans = 'start' in kept ? [kept] : kept
  const { text, links } = keepSpans(passage.text, spans, options)
  const { tokens: _, ...rest } = passage
  return {
    ...rest,
    id: options.id ?? `${passage.id}/${spans.map((span) => `${span.start}-${span.end}`).join(',')}`,
    text,
    spans: composeLinks(links, passage.spans),
  }
}
