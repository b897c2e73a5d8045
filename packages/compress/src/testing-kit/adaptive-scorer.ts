/**
 * @file A real language model small enough for unit tests, in which context matters: each token's probability is its share
 * among the tokens before it, smoothed over the vocabulary. Words of a query are likelier after code that has them.
 */
import type { ScoreRequest, ScoreResult, Scorer, Tokenizer } from '@lc/model'
import { ContextLengthError } from '@lc/model/errors'

const smoothing = 0.05
const vocabularySize = 4096
const token = /[A-Za-z0-9_]+| +|[\s\S]/g

/** Words, single other characters and line ends, by hash; exact spans for any string. */
export const hashedWordTokenizer: Tokenizer = {
  id: 'hashed-words',
  encode(text) {
    const ids: number[] = []
    const spans: { start: number; end: number }[] = []
    for (const match of text.matchAll(token)) {
      ids.push(hash(match[0]))
      spans.push({ start: match.index, end: match.index + match[0].length })
    }
    return { ids: Uint32Array.from(ids), spans }
  },
  decode: (ids) => Array.from(ids, (id) => words.get(id) ?? '\ufffd').join(''),
  count: (text) => text.match(token)?.length ?? 0,
}

const words = new Map<number, string>()

function hash(word: string): number {
  let value = 2166136261
  for (let at = 0; at < word.length; at++) value = Math.imul(value ^ word.charCodeAt(at), 16777619)
  const id = (value >>> 0) % vocabularySize
  words.set(id, word)
  return id
}

/** Counts its calls and tokens, so that tests can say how much was scored. */
export class AdaptiveScorer implements Scorer {
  readonly id = 'adaptive'
  readonly contextLength: number
  readonly tokenizer: Tokenizer = hashedWordTokenizer
  calls = 0
  tokens = 0

  constructor(contextLength = 4096) {
    this.contextLength = contextLength
  }

  async score(requests: readonly ScoreRequest[]): Promise<ScoreResult[]> {
    this.calls++
    return requests.map((request) => this.#scoreOne(request))
  }

  #scoreOne({ context, continuation }: ScoreRequest): ScoreResult {
    const before = this.#ids(context as ArrayLike<number> | string)
    const ids = this.#ids(continuation)
    this.tokens += before.length + ids.length
    if (before.length + ids.length > this.contextLength)
      throw new ContextLengthError({ tokens: before.length + ids.length, limit: this.contextLength, model: this.id })
    const counts = new Map<number, number>()
    for (const id of before) counts.set(id, (counts.get(id) ?? 0) + 1)
    let total = before.length
    const logprobs = Float32Array.from(ids, (id) => {
      const share = ((counts.get(id) ?? 0) + smoothing) / (total + smoothing * vocabularySize)
      const known = total > 0
      counts.set(id, (counts.get(id) ?? 0) + 1)
      total++
      return known ? Math.log(share) : Number.NaN
    })
    return { ids, spans: Array.from(ids, () => ({ start: 0, end: 0 })), logprobs, accuracy: 'exact' }
  }

  #ids(text: ArrayLike<number> | string): Uint32Array {
    return typeof text === 'string' ? this.tokenizer.encode(text).ids : Uint32Array.from(text)
  }
}
