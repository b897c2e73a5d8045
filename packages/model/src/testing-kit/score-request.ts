import type { ScoreRequest } from '../capability/scorer.ts'
import type { Tokenizer } from '../capability/tokenizer.ts'
import type { Span } from '../text/span.ts'
import { idsOf, KeptIds } from './kept-ids.ts'

/** The tokens of a score request: those before, and those that are scored with their spans in the continuation. */
export interface TokenisedRequest {
  before: readonly number[]
  ids: Uint32Array
  spans: Span[]
}

/**
 * Tokenises a score request as `Scorer` asks: two strings together by default, where a token that reaches over the
 * border belongs to the continuation; everything else apart.
 */
export function scoreRequest(tokenizer: Tokenizer, request: ScoreRequest): TokenisedRequest {
  const { context, continuation } = request
  if (typeof context === 'string' && typeof continuation === 'string' && request.join !== 'ids') {
    const { ids, spans } = tokenizer.encode(context + continuation)
    const border = context.length
    const first = spans.findIndex((span) => span.end > border)
    const from = first < 0 ? ids.length : first
    return {
      before: Array.from(ids.subarray(0, from)),
      ids: ids.slice(from),
      spans: spans.slice(from).map((span) => ({ start: Math.max(0, span.start - border), end: span.end - border })),
    }
  }
  const before = context instanceof KeptIds ? context.ids : idsOf(tokenizer, context as string | ArrayLike<number>)
  if (typeof continuation === 'string') return { before, ...tokenizer.encode(continuation) }
  return { before, ids: Uint32Array.from(continuation), spans: spansOfIds(tokenizer, continuation) }
}

/** For each id its range in the text that all ids decode to. */
export function spansOfIds(tokenizer: Tokenizer, ids: ArrayLike<number>): Span[] {
  const list = Array.from(ids)
  let start = 0
  return list.map((_, index) => {
    const end = tokenizer.decode(list.slice(0, index + 1), { special: 'keep' }).length
    const span = { start: Math.min(start, end), end }
    start = end
    return span
  })
}
