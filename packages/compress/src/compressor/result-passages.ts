/** @file What is left of each passage, and where each character of the joined text comes from. */
import type { Passage, Tokenizer } from '@lc/model'
import type { KeptSpan } from './compression-result.ts'
import type { RenderedContext } from './render-kept.ts'
import { traceToSource } from './span-trace.ts'

/** The passages with their texts cut to what was kept; those of which nothing was kept are left out. */
export function keptPassages(passages: readonly Passage[], rendered: RenderedContext, tokenizer: Tokenizer): Passage[] {
  return passages.flatMap((passage, index) => {
    const { text, links, start } = rendered.passages[index]!
    if (start < 0) return []
    return [{ ...passage, text, spans: traceToSource(passage, links), tokens: tokenizer.count(text) }]
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
