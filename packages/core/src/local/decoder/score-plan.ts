/** @file From requests to token ids: what is scored, what comes before, and where each token lies in the continuation. */
import type { PreparedContext, ScoreRequest, Span, TextOrIds } from '@lc/model'
import { checkArgument } from '@lc/model/check'
import type { LocalTokenizer } from '../../tokenizer/local-tokenizer.ts'
import { spansOfIds } from '../encoder/spans-of-ids.ts'
import { LocalPreparedContext } from './prepared-context.ts'

/** One request in token ids. */
export interface ScoreItem {
  readonly before: Uint32Array
  /** A prefix that is cached; then `before` is empty. */
  readonly prepared?: LocalPreparedContext
  readonly ids: Uint32Array
  readonly spans: Span[]
}

/** The ids and spans of a request. */
export function planScore(request: ScoreRequest, tokenizer: LocalTokenizer, index: number): ScoreItem {
  const { context, continuation } = request
  if (isPrepared(context)) {
    const own = context instanceof LocalPreparedContext
    checkArgument(own, `requests[${index}].context`, context, 'a context that this model prepared')
    return { before: new Uint32Array(0), prepared: context, ...encoded(continuation, tokenizer) }
  }
  const texts = typeof context === 'string' && typeof continuation === 'string'
  if (texts && (request.join ?? 'text') === 'text') return joined(context, continuation, tokenizer)
  return { before: idsOf(context, tokenizer), ...encoded(continuation, tokenizer) }
}

/** Token ids of a text, without added tokens, or the ids given. */
export function idsOf(input: TextOrIds, tokenizer: LocalTokenizer): Uint32Array {
  if (typeof input === 'string') return tokenizer.encode(input).ids
  const ids = Uint32Array.from(input)
  for (let index = 0; index < ids.length; index++) {
    const fits = ids[index] === input[index] && ids[index]! < tokenizer.vocabularySize
    checkArgument(fits, `ids[${index}]`, input[index], `a token id below ${tokenizer.vocabularySize}`)
  }
  return ids
}

function encoded(continuation: TextOrIds, tokenizer: LocalTokenizer): { ids: Uint32Array; spans: Span[] } {
  if (typeof continuation === 'string') return tokenizer.encode(continuation)
  return spansOfIds(tokenizer, idsOf(continuation, tokenizer))
}

/** One tokenisation of both: a token over the cut belongs to the continuation. */
function joined(context: string, continuation: string, tokenizer: LocalTokenizer): ScoreItem {
  const cut = context.length
  const { ids, spans } = tokenizer.encode(context + continuation)
  let first = spans.findIndex((span) => span.end > cut)
  if (first < 0) first = ids.length
  const own = spans
    .slice(first)
    .map(({ start, end }) => ({ start: Math.max(start - cut, 0), end: Math.max(end - cut, 0) }))
  return { before: ids.slice(0, first), ids: ids.slice(first), spans: own }
}

function isPrepared(context: ScoreRequest['context']): context is PreparedContext {
  return typeof context === 'object' && 'extend' in context && typeof context.extend === 'function'
}
