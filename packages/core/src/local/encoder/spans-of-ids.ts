import type { Span } from '@lc/model'
import type { LocalTokenizer } from '../../tokenizer/local-tokenizer.ts'

/** For each id its range in the text that all of them decode to. A token that begins a character which later ones end is empty. */
export function spansOfIds(tokenizer: LocalTokenizer, ids: Uint32Array): { ids: Uint32Array; spans: Span[] } {
  const decoder = tokenizer.streamDecoder({ special: 'keep' })
  const spans: Span[] = []
  let end = 0
  for (const id of ids) {
    const start = end
    end += decoder.push(id).length
    spans.push({ start, end })
  }
  const rest = decoder.end().length
  const last = spans.at(-1)
  if (last && rest > 0) last.end += rest
  return { ids, spans }
}
