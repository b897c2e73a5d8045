/** @file Contexts of which single facts are asked, made from a seed and put into real texts. */
import type { Tokenizer } from '@lc/model'
import { seededRandom } from '@lc/model'

/** A context and what is asked of it, as token ids. */
export interface RetrievalContext {
  readonly set: 'passkey' | 'key-value'
  readonly name: string
  readonly context: Uint32Array
  /** How the text goes on after it. */
  readonly following: Uint32Array
  readonly questions: readonly { readonly ask: Uint32Array; readonly answer: Uint32Array }[]
}

interface SetOptions {
  readonly tokenizer: Pick<Tokenizer, 'encode'>
  /** Tokens of the context, at most. */
  readonly length: number
  readonly questions: number
  readonly seed: number
}

const people = 'Anna Boris Clara David Elena Frank Greta Henry Irene Jacob Karen Louis Maria Nigel Olga Peter'.split(
  ' ',
)
/** Pairs of the key-value set: small models lose count of more. */
const pairs = 16

/** Pass keys of several people, spread evenly over a real text; each is asked for by name. */
export function passkeyContext(text: string, name: string, options: SetOptions): RetrievalContext {
  const facts = distinctFacts(options.questions, options.seed)
  const needles = facts.map(
    ({ key, value }) => `\n\nThe pass key of ${key} is ${value}. Remember it. ${value} is the pass key of ${key}.\n\n`,
  )
  const asks = facts.map(({ key, value }) => ({
    ask: `\n\nWhat is the pass key of ${key}? The pass key of ${key} is`,
    answer: ` ${value}`,
  }))
  return { set: 'passkey', name, ...withNeedles(text, needles, options), questions: encodedAsks(asks, options) }
}

/** Lines with a key and a value, spread evenly over a real text; some keys are given again, and their values wanted. */
export function keyValueContext(text: string, name: string, options: SetOptions): RetrievalContext {
  const facts = distinctFacts(pairs, options.seed)
  const needles = facts.map(({ key, value }) => `\n${key}: ${value}\n`)
  const asks = Array.from({ length: options.questions }, (_, at) => {
    const { key, value } = facts[Math.floor(((at + 0.5) * pairs) / options.questions)]!
    return { ask: `\n\n${key}:`, answer: ` ${value}` }
  })
  return { set: 'key-value', name, ...withNeedles(text, needles, options), questions: encodedAsks(asks, options) }
}

function distinctFacts(count: number, seed: number): { key: string; value: string }[] {
  const random = seededRandom(seed)
  const keys = [...people]
  return Array.from({ length: Math.min(count, keys.length) }, () => {
    const [key] = keys.splice(Math.floor(random() * keys.length), 1)
    return { key: key!, value: String(10_000 + Math.floor(random() * 90_000)) }
  })
}

function encodedAsks(asks: readonly { ask: string; answer: string }[], { tokenizer }: SetOptions) {
  return asks.map(({ ask, answer }) => ({ ask: tokenizer.encode(ask).ids, answer: tokenizer.encode(answer).ids }))
}

/** The text with each needle in the middle of its equal part, between sentences; then how the text goes on. */
function withNeedles(text: string, needles: readonly string[], { tokenizer, length }: SetOptions) {
  const encode = (part: string): Uint32Array => tokenizer.encode(part).ids
  const encoded = needles.map(encode)
  const room = length - encoded.reduce((sum, needle) => sum + needle.length, 0)
  const sentences = sentencesWithin(text, room, encode)
  const parts: Uint32Array[] = []
  let placed = 0
  for (const [index, sentence] of sentences.ids.entries()) {
    const depth = index / sentences.ids.length
    while (placed < encoded.length && depth >= (placed + 0.5) / encoded.length) parts.push(encoded[placed++]!)
    parts.push(sentence)
  }
  parts.push(...encoded.slice(placed))
  return {
    context: joinedIds(parts),
    following: encode(text.slice(sentences.end, sentences.end + followingCharacters)),
  }
}

const followingCharacters = 4000

function sentencesWithin(text: string, tokens: number, encode: (part: string) => Uint32Array) {
  const sentences: Uint32Array[] = []
  let [total, end] = [0, 0]
  for (const sentence of text.split(/(?<=[.!?]\s)/)) {
    const ids = encode(sentence)
    if (total + ids.length > tokens) break
    sentences.push(ids)
    total += ids.length
    end += sentence.length
  }
  return { ids: sentences, end }
}

function joinedIds(parts: readonly Uint32Array[]): Uint32Array {
  return Uint32Array.from(parts.flatMap((part) => [...part]))
}
