/** @file A small real tokenizer with a closed vocabulary: the words of a training text, and bytes for everything else. */
import type { Encoding, Tokenizer } from '../capability/tokenizer.ts'
import { InvalidArgumentError } from '../errors/invalid-argument-error.ts'
import { utf8Offsets } from '../text/byte-offsets.ts'
import type { Span } from '../text/span.ts'

/** A word with the space before it, a run of marks, a run of spaces, or anything else. */
const piecePattern = / ?[\p{L}\p{N}_]+| ?[^\s\p{L}\p{N}_]+|\s+/gu
/** Ids below this one are bytes. */
const byteCount = 256

/** A tokenizer whose vocabulary is known. */
export interface WordTokenizer extends Tokenizer {
  /** Ids are below this number. */
  readonly vocabularySize: number
}

/**
 * A lossless tokenizer: pieces that occur in the training text are one token each, all others are UTF-8 bytes. With
 * special tokens named, `special: 'model'` recognises them in text.
 */
export function wordTokenizer(trainingText: string, options: { special?: readonly string[] } = {}): WordTokenizer {
  const { special = [] } = options
  const words = [...new Set(trainingText.match(piecePattern) ?? [])]
    .filter((word) => !/\p{Surrogate}/u.test(word))
    .sort()
  const idOfWord = new Map(words.map((word, index) => [word, byteCount + index]))
  const firstSpecial = byteCount + words.length
  const idOfSpecial = new Map(special.map((name, index) => [name, firstSpecial + index]))
  const vocabularySize = firstSpecial + special.length

  const encode: Tokenizer['encode'] = (text, encodeOptions) => {
    const ids: number[] = []
    const spans: Span[] = []
    for (const part of splitSpecial(text, encodeOptions?.special === 'model' ? special : [])) {
      const id = part.special ? idOfSpecial.get(part.text) : undefined
      if (id === undefined) encodeWords(part.text, part.start, idOfWord, ids, spans)
      else {
        ids.push(id)
        spans.push({ start: part.start, end: part.start + part.text.length })
      }
    }
    return { ids: Uint32Array.from(ids), spans } satisfies Encoding
  }
  return {
    id: `words-${vocabularySize}`,
    vocabularySize,
    encode,
    decode(ids, decodeOptions) {
      const names = decodeOptions?.special === 'keep' ? special : special.map(() => '')
      return decodeIds(ids, (id) => (id < firstSpecial ? words[id - byteCount] : names[id - firstSpecial]))
    },
    count: (text) => encode(text).ids.length,
  }
}

function encodeWords(
  text: string,
  offset: number,
  idOfWord: ReadonlyMap<string, number>,
  ids: number[],
  spans: Span[],
): void {
  for (const match of text.matchAll(piecePattern)) {
    const start = offset + match.index
    const known = idOfWord.get(match[0])
    if (known !== undefined) {
      ids.push(known)
      spans.push({ start, end: start + match[0].length })
      continue
    }
    const { starts, ends } = utf8Offsets(match[0])
    for (const [index, byte] of new TextEncoder().encode(match[0]).entries()) {
      ids.push(byte)
      spans.push({ start: start + starts[index]!, end: start + ends[index]! })
    }
  }
}

function decodeIds(ids: ArrayLike<number>, textOf: (id: number) => string | undefined): string {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let text = ''
  let bytes: number[] = []
  const flush = (): void => {
    text += decoder.decode(Uint8Array.from(bytes))
    bytes = []
  }
  for (let index = 0; index < ids.length; index++) {
    const id = ids[index]!
    if (id < byteCount) {
      bytes.push(id)
      continue
    }
    flush()
    const piece = textOf(id)
    if (piece === undefined)
      throw new InvalidArgumentError({ argument: `ids[${index}]`, received: id, allowed: 'an id of the vocabulary' })
    text += piece
  }
  flush()
  return text
}

function splitSpecial(text: string, special: readonly string[]): { text: string; start: number; special: boolean }[] {
  const parts: { text: string; start: number; special: boolean }[] = []
  let start = 0
  let position = 0
  const push = (end: number, isSpecial: boolean): void => {
    if (end > start) parts.push({ text: text.slice(start, end), start, special: isSpecial })
    start = end
  }
  while (position < text.length) {
    const name = special.find((each) => text.startsWith(each, position))
    if (name === undefined) {
      position++
      continue
    }
    push(position, false)
    position += name.length
    push(position, true)
  }
  push(text.length, false)
  return parts
}
