/**
 * @file The fine stage: segment by segment, each word's surprise after the words kept so far; of each segment its share is
 * kept, and what a segment keeps too much or too little is settled with the next (LLMLingua, section 4.2). Departs from the
 * released program where that is at fault: a token's own surprise decides about it, the threshold is the segment's own, the end
 * of the text is compressed too, words stay whole.
 */
import type { PreparedContext, Scorer } from '@lc/model'
import type { ProtectedPiece } from '../prose/protection.ts'
import { concatIds } from '../score/conditional-nll.ts'
import { mergeTokenValues, startIds } from '../score/text-nll.ts'
import type { ResolvedLlmLinguaOptions } from './options.ts'

/** A passage on its way through the fine stage. */
export interface FinePassage {
  index: number
  text: string
  pieces: readonly ProtectedPiece[]
  /** The share of its tokens that is wanted. */
  ratio: number
}

export interface IterativeWordsInput {
  passages: readonly FinePassage[]
  /** Token ids that stand before everything in the second reading; empty for one reading only. */
  question: Uint32Array
}

/** For each passage the value of its pieces, and whether its segment kept it. */
export interface ValuedPieces {
  values: Float64Array
  kept: Uint8Array
}

/** Reads the passages in order and values their pieces. */
export async function valueWords(
  input: IterativeWordsInput,
  options: ResolvedLlmLinguaOptions,
): Promise<ValuedPieces[]> {
  const { scorer } = options
  const start = startIds(scorer)
  const plain = await openPrefix(scorer, start, options)
  const asked =
    input.question.length > 0 ? await openPrefix(scorer, concatIds(start, input.question), options) : undefined
  const carry = { tokens: 0 }
  try {
    const results: ValuedPieces[] = []
    for (const passage of input.passages) results.push(await valuePassage(passage, { plain, asked }, carry, options))
    return results
  } finally {
    await plain.close()
    await asked?.close()
  }
}

/** What has been kept so far, as the scorer sees it. */
interface Prefix {
  score(ids: Uint32Array): Promise<Float32Array>
  append(ids: Uint32Array): Promise<void>
  close(): Promise<void>
}

interface Prefixes {
  plain: Prefix
  asked: Prefix | undefined
}

async function valuePassage(
  passage: FinePassage,
  prefixes: Prefixes,
  carry: { tokens: number },
  options: ResolvedLlmLinguaOptions,
): Promise<ValuedPieces> {
  const { pieces, text, ratio } = passage
  const values = new Float64Array(pieces.length)
  const kept = new Uint8Array(pieces.length)
  for (const { from, to } of segmentsOf(passage, options)) {
    options.signal?.throwIfAborted()
    const segment = text.slice(pieces[from]!.start, pieces[to - 1]!.end)
    const { ids, spans } = options.scorer.tokenizer.encode(segment)
    const own = pieces
      .slice(from, to)
      .map(({ start, end }) => ({ start: start - pieces[from]!.start, end: end - pieces[from]!.start }))
    const surprise = await readSegment(ids, prefixes)
    const merged = mergeTokenValues(segment, own, { spans, values: surprise }, 'mean')
    const sizes = countTokens(own, spans)
    const chosen = keepShare(merged, sizes, pieces.slice(from, to), ids.length * ratio + carry.tokens)
    let keptTokens = 0
    for (let at = 0; at < own.length; at++) {
      values[from + at] = Number.isNaN(merged[at]!) ? 0 : merged[at]!
      kept[from + at] = chosen[at]!
      if (chosen[at]) keptTokens += sizes[at]!
    }
    carry.tokens += ids.length * ratio - keptTokens
    const addition = options.prefix === 'original' ? ids : keptIds(ids, spans, own, chosen)
    await prefixes.plain.append(addition)
    await prefixes.asked?.append(addition)
  }
  return { values, kept }
}

/** Own surprise, or how much more surprising a token is without the question than with it. */
async function readSegment(ids: Uint32Array, { plain, asked }: Prefixes): Promise<Float64Array> {
  const without = await plain.score(ids)
  if (!asked) return Float64Array.from(without, (logprob) => -logprob)
  const given = await asked.score(ids)
  return Float64Array.from(without, (logprob, at) => given[at]! - logprob)
}

/** Runs of pieces of about `segmentTokens` tokens. */
function segmentsOf(
  { pieces, text }: FinePassage,
  { scorer, segmentTokens }: ResolvedLlmLinguaOptions,
): { from: number; to: number }[] {
  const sizes = countTokens(pieces, scorer.tokenizer.encode(text).spans)
  const segments: { from: number; to: number }[] = []
  let from = 0
  let tokens = 0
  for (let at = 0; at < pieces.length; at++) {
    if (at > from && tokens + sizes[at]! > segmentTokens) {
      segments.push({ from, to: at })
      from = at
      tokens = 0
    }
    tokens += sizes[at]!
  }
  if (from < pieces.length) segments.push({ from, to: pieces.length })
  return segments
}

/** Tokens that start in each piece. */
function countTokens(
  pieces: readonly { start: number; end: number }[],
  spans: readonly { start: number }[],
): Uint32Array {
  const counts = new Uint32Array(pieces.length)
  let piece = 0
  for (const { start } of spans) {
    while (piece + 1 < pieces.length && pieces[piece]!.end <= start) piece++
    if (pieces.length > 0) counts[piece]!++
  }
  return counts
}

/** Protected pieces, then the most surprising ones, up to a number of tokens. */
function keepShare(
  values: Float64Array,
  sizes: Uint32Array,
  pieces: readonly ProtectedPiece[],
  target: number,
): Uint8Array {
  const order = pieces.map((_, at) => at)
  order.sort((a, b) => pieces[b]!.protection - pieces[a]!.protection || compare(values[b]!, values[a]!) || a - b)
  const chosen = new Uint8Array(pieces.length)
  let left = target
  for (const at of order) {
    if (sizes[at]! > left) continue
    left -= sizes[at]!
    chosen[at] = 1
  }
  return chosen
}

// pieces without a token come last
function compare(a: number, b: number): number {
  return (Number.isNaN(a) ? Number.NEGATIVE_INFINITY : a) - (Number.isNaN(b) ? Number.NEGATIVE_INFINITY : b) || 0
}

function keptIds(
  ids: Uint32Array,
  spans: readonly { start: number }[],
  pieces: readonly { start: number; end: number }[],
  chosen: Uint8Array,
): Uint32Array {
  let piece = 0
  return ids.filter((_, token) => {
    while (piece + 1 < pieces.length && pieces[piece]!.end <= spans[token]!.start) piece++
    return chosen[piece] === 1
  })
}

/** A prefix whose cache the scorer keeps, where it can; else its ids, read again with each segment. */
async function openPrefix(scorer: Scorer, first: Uint32Array, options: ResolvedLlmLinguaOptions): Promise<Prefix> {
  const { accuracy, signal, onProgress } = options
  const window = Math.min(scorer.contextLength ?? options.windowTokens, options.windowTokens)
  const room = Math.max(16, window - 2 * options.segmentTokens)
  // what stands first is never dropped, so it may not fill the window
  const head = first.subarray(0, Math.floor(room / 2))
  let ids = head
  let prepared: PreparedContext | undefined = await scorer.prepare?.(head, { accuracy, signal })
  return {
    async score(continuation) {
      const context = prepared ?? ids
      // only a word longer than a segment has more than one part
      const longest = Math.max(1, window - ids.length)
      const parts = Array.from({ length: Math.ceil(continuation.length / longest) }, (_, part) =>
        continuation.subarray(part * longest, (part + 1) * longest),
      )
      const requests = parts.map((part) => ({ context, continuation: part, join: 'ids' as const }))
      const results = await scorer.score(requests, { accuracy, signal, onProgress })
      if (results.length === 1) return results[0]!.logprobs
      const logprobs = new Float32Array(continuation.length)
      for (const [part, result] of results.entries()) logprobs.set(result.logprobs, part * longest)
      return logprobs
    },
    async append(addition) {
      ids = concatIds(ids, addition)
      if (ids.length > room) {
        // the oldest half of what was kept goes
        ids = concatIds(head, ids.subarray(ids.length - Math.floor((room - head.length) / 2)))
        await prepared?.close()
        prepared = await scorer.prepare?.(ids, { accuracy, signal })
      } else if (addition.length > 0) await prepared?.extend(addition, { signal })
    },
    async close() {
      await prepared?.close()
    },
  }
}
