import type { Encoding, Tokenizer } from '../capability/tokenizer.ts'
import { spansOfBytes } from '../text/byte-offsets.ts'
import type { Span } from '../text/span.ts'
import { alignPieces } from './align-pieces.ts'
import { byteLengthsOf } from './byte-alphabet.ts'
import type { LoadedTokenizer } from './loaded-objects.ts'

/** Options of `transformersJsTokenizer`. */
export interface TransformersJsTokenizerOptions {
  /** Names the vocabulary. Defaults to `transformers.js`. */
  id?: string
}

/**
 * A loaded tokenizer of transformers.js as a `Tokenizer`. That package reports no offsets: those of byte-level
 * vocabularies are computed exactly from the bytes of the tokens, those of WordPiece and Unigram found by alignment.
 */
export function transformersJsTokenizer(
  tokenizer: LoadedTokenizer,
  options: TransformersJsTokenizerOptions = {},
): Tokenizer {
  const special = [...tokenizer.all_special_tokens].sort((a, b) => b.length - a.length)
  const unknown = (tokenizer as { unk_token?: unknown }).unk_token
  const unknownToken = typeof unknown === 'string' ? unknown : undefined

  const encodeOrdinary = (text: string): Encoding => {
    const ids = tokenizer.encode(text, { add_special_tokens: false })
    const tokens = tokenizer.tokenize(text, { add_special_tokens: false })
    const lengths = byteLengthsOf(text, tokens)
    const spans = lengths ? spansOfBytes(text, lengths) : alignPieces(text, tokens, unknownToken)
    return { ids: Uint32Array.from(ids), spans }
  }

  const encode: Tokenizer['encode'] = (text, { special: mode = 'none' } = {}) => {
    if (mode === 'none') return encodeParts(splitSpecialStrings(text, special), encodeOrdinary)
    const ids = tokenizer.encode(text, { add_special_tokens: true })
    return { ids: Uint32Array.from(ids), spans: spansWithSpecial(text, ids, tokenizer, encodeOrdinary) }
  }
  return {
    id: options.id ?? 'transformers.js',
    encode,
    decode: (ids, { special: mode = 'drop' } = {}) =>
      ids.length === 0
        ? ''
        : tokenizer.decode(Array.from(ids), {
            skip_special_tokens: mode === 'drop',
            clean_up_tokenization_spaces: false,
          }),
    count: (text) => encode(text).ids.length,
  }
}

/** Cuts every special-token string in two, so that the tokenizer takes its parts as ordinary text. */
function splitSpecialStrings(text: string, special: readonly string[]): string[] {
  const parts: string[] = []
  let start = 0
  for (let position = 0; position < text.length; position++) {
    const found = special.find((name) => name.length > 1 && text.startsWith(name, position))
    if (found === undefined) continue
    parts.push(text.slice(start, position + 1))
    start = position + 1
  }
  parts.push(text.slice(start))
  return parts.filter((part) => part !== '')
}

/** Encodes consecutive parts of a text by themselves. */
function encodeParts(parts: readonly string[], encodeOne: (text: string) => Encoding): Encoding {
  if (parts.length === 1) return encodeOne(parts[0]!)
  const ids: number[] = []
  const spans: Span[] = []
  let offset = 0
  for (const part of parts) {
    const encoding = encodeOne(part)
    ids.push(...encoding.ids)
    for (const span of encoding.spans) spans.push({ start: span.start + offset, end: span.end + offset })
    offset += part.length
  }
  return { ids: Uint32Array.from(ids), spans }
}

/** Spans where special tokens may be added or stand in the text: ordinary stretches are encoded by themselves. */
function spansWithSpecial(
  text: string,
  ids: readonly number[],
  tokenizer: LoadedTokenizer,
  encodeOrdinary: (text: string) => Encoding,
): Span[] {
  const isSpecial = new Set(tokenizer.all_special_ids)
  const spans: Span[] = []
  let offset = 0
  let index = 0
  while (index < ids.length) {
    if (isSpecial.has(ids[index]!)) {
      const name = tokenizer.decode([ids[index]!], { skip_special_tokens: false })
      const length = text.startsWith(name, offset) ? name.length : 0
      spans.push({ start: offset, end: offset + length })
      offset += length
      index++
      continue
    }
    let stop = index
    while (stop < ids.length && !isSpecial.has(ids[stop]!)) stop++
    const name = stop < ids.length ? tokenizer.decode([ids[stop]!], { skip_special_tokens: false }) : ''
    const at = name === '' ? -1 : text.indexOf(name, offset)
    const end = at < 0 ? text.length : at
    const ordinary = encodeOrdinary(text.slice(offset, end))
    for (let token = 0; token < stop - index; token++) {
      const span = ordinary.spans[Math.min(token, ordinary.spans.length - 1)] ?? { start: 0, end: 0 }
      spans.push({ start: span.start + offset, end: span.end + offset })
    }
    offset = end
    index = stop
  }
  return spans
}
