/** @file Words with the white space after them: what is dropped takes its own space along, what stays is unchanged. */
import type { Span } from '@lc/model'

// one letter of a script that writes no spaces, or a run without white space
const unspaced = '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}'
const word = new RegExp(`(?:[${unspaced}]|[^\\s${unspaced}]+)\\s*`, 'gu')

/** Spans that partition a text: each a word with the white space after it; white space at the beginning is one more. */
export function wordSpans(text: string): Span[] {
  const spans: Span[] = []
  let at = 0
  for (const match of text.matchAll(word)) {
    if (match.index > at) spans.push({ start: at, end: match.index })
    at = match.index + match[0].length
    spans.push({ start: match.index, end: at })
  }
  if (at < text.length) spans.push({ start: at, end: text.length })
  return spans
}

/** Joins spans of a partition that a longer span touches, so that it is whole or absent. @param whole ascending, disjoint */
export function joinInside(spans: readonly Span[], whole: readonly Span[]): Span[] {
  const joined: Span[] = []
  let next = 0
  for (const span of spans) {
    while (next < whole.length && whole[next]!.end <= span.start) next++
    const last = joined.at(-1)
    const over = whole[next]
    // the long span began before this one: it and the last belong together
    if (last && over && over.start < span.start && over.end > span.start) last.end = span.end
    else joined.push({ ...span })
  }
  return joined
}
