/** @file What is left of each passage, and where each character of the joined text comes from. */
import type { Passage, SpanLink, Tokenizer } from '@lc/model'
import { composeLinks } from '@lc/model/text'
import type { KeptSpan } from './compression-result.ts'
import type { RenderedContext } from './render-kept.ts'

/** The passages with their texts cut to what was kept; those of which nothing was kept are left out. */
export function keptPassages(passages: readonly Passage[], rendered: RenderedContext, tokenizer: Tokenizer): Passage[] {
  return passages.flatMap((passage, index) => {
    const { text, links, start } = rendered.passages[index]!
    if (start < 0) return []
    return [{ ...passage, text, spans: sourceLinks(passage, links), tokens: tokenizer.count(text) }]
  })
}

/** Links from the joined text to the texts of the passages. */
export function keptSpansOf(passages: readonly Passage[], rendered: RenderedContext): KeptSpan[] {
  return rendered.passages.flatMap(({ links, start }, index) =>
    links.map(({ output, source }) => ({
      output: { start: output.start + start, end: output.end + start },
      passageId: passages[index]!.id,
      source: { ...source },
    })),
  )
}

/** Through the passage to its own source. A passage without links is its own source. */
function sourceLinks(passage: Passage, links: readonly SpanLink[]): SpanLink[] {
  if (passage.spans.length > 0) return composeLinks(links, passage.spans)
  return links.map(({ output, source }) => ({ output: { ...output }, source: { ...source } }))
}
