/** @file Kept spans to text: nothing is changed but what is left out, and each omission can leave a marker. */
import type { Span, SpanLink } from '@lc/model'
import { invertSpans } from '@lc/model/text'

/** A passage as the renderer sees it. */
export interface RenderSource {
  text: string
  /** Stands before the passage's text when several passages are joined; empty for none. */
  title: string
  /** The marker that stands for an omission; empty for none. It is declared output, never input. */
  marker(omitted: Span): string
}

export interface RenderedPassage {
  text: string
  /** Output offsets in this passage's own `text`, source offsets in the passage that was given. */
  links: SpanLink[]
  /** Where this passage's text begins in the joined text; -1 when nothing of the passage was kept. */
  start: number
}

export interface RenderedContext {
  text: string
  passages: RenderedPassage[]
}

/**
 * Renders the kept spans of each passage. Passages of which nothing is kept leave nothing, not even a marker.
 * @param kept per passage, merged and ascending
 */
export function renderKept(sources: readonly RenderSource[], kept: readonly (readonly Span[])[]): RenderedContext {
  let text = ''
  const passages = sources.map((source, index): RenderedPassage => {
    const spans = kept[index]!.filter(({ start, end }) => end > start)
    const whole = spans.length === 1 && spans[0]!.start === 0 && spans[0]!.end === source.text.length
    // an empty passage is kept, but is worth no title
    if (spans.length === 0) return { text: '', links: [], start: source.text === '' ? text.length : -1 }
    const rendered = whole ? wholePassage(source.text) : renderPassage(source, spans)
    if (text !== '' && !text.endsWith('\n')) text += '\n'
    text += source.title
    const start = text.length
    text += rendered.text
    return { ...rendered, start }
  })
  return { text, passages }
}

function wholePassage(text: string): { text: string; links: SpanLink[] } {
  const all = { start: 0, end: text.length }
  return { text, links: [{ output: all, source: { ...all } }] }
}

function renderPassage(source: RenderSource, kept: readonly Span[]): { text: string; links: SpanLink[] } {
  const gaps = invertSpans(kept, source.text.length)
  let text = ''
  let gap = 0
  const links: SpanLink[] = []
  for (const span of kept) {
    if (gap < gaps.length && gaps[gap]!.end === span.start) text += source.marker(gaps[gap++]!)
    const start = text.length
    text += source.text.slice(span.start, span.end)
    links.push({ output: { start, end: text.length }, source: { ...span } })
  }
  if (gap < gaps.length) text += source.marker(gaps[gap]!)
  return { text, links }
}
