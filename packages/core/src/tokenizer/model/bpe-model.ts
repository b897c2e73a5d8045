/** @file Byte-pair encoding, over bytes (GPT-2 and later) or over characters with byte fall-back (SentencePiece). */
import { checkArgument } from '@lc/model/check'
import type { AlignedText } from '../text/aligned-text.ts'
import { originOf } from '../text/aligned-text.ts'
import { makeSymbols, mergeSymbols, type Symbols } from './merge-symbols.ts'
import type { MergeRules } from './merge-table.ts'
import type { TokenModel } from './token-model.ts'
import type { TokenSink } from './token-sink.ts'
import type { Vocabulary } from './vocabulary.ts'

export interface BpeOptions {
  readonly vocabulary: Vocabulary
  readonly merges: MergeRules
  /** Letters of the byte alphabet by byte, for byte-level models; undefined for models over characters. */
  readonly byteLetters?: readonly string[] | undefined
  /** Writes characters outside the vocabulary as tokens `<0xNN>`. */
  readonly byteFallback?: boolean
  readonly unknownId?: number | undefined
  /** One unknown token for a run of unknown characters. */
  readonly fuseUnknown?: boolean
  /** A piece that is a token as a whole is taken without merging. */
  readonly ignoreMerges?: boolean
}

interface CachedPiece {
  readonly ids: Int32Array
  readonly starts: Int32Array
  readonly ends: Int32Array
}

/** What merging has numbers for: positions take 26 bits, a character at most four. */
const longestPiece = 1 << 24
/** Longer pieces are rarely seen twice. */
const longestCached = 64
const cacheEntries = 65_536

/** Byte-pair encoding. */
export class BpeModel implements TokenModel {
  readonly #options: BpeOptions
  readonly #byteIds: Int32Array | undefined
  #cache = new Map<string, CachedPiece>()
  #symbols: Symbols = makeSymbols(256)

  constructor(options: BpeOptions) {
    this.#options = options
    const { vocabulary, byteLetters, byteFallback } = options
    const name = (byte: number): string =>
      byteLetters ? byteLetters[byte]! : `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`
    if (byteLetters || byteFallback)
      this.#byteIds = Int32Array.from({ length: 256 }, (_, byte) => vocabulary.ids.get(name(byte)) ?? -1)
  }

  encode(piece: AlignedText, sink: TokenSink): void {
    const { text } = piece
    checkArgument(
      text.length <= longestPiece,
      'text',
      text,
      `text with a place to split every ${longestPiece} characters`,
    )
    const cached = text.length <= longestCached ? this.#cache.get(text) : undefined
    if (cached) {
      emit(cached, cached.ids.length, piece, sink)
      return
    }
    const symbols = this.#split(text)
    if (text.length <= longestCached) {
      if (this.#cache.size >= cacheEntries) this.#cache = new Map()
      this.#cache.set(text, {
        ids: symbols.ids.slice(0, symbols.length),
        starts: symbols.starts.slice(0, symbols.length),
        ends: symbols.ends.slice(0, symbols.length),
      })
    }
    emit(symbols, symbols.length, piece, sink)
  }

  #split(text: string): Symbols {
    const { ignoreMerges, merges, byteLetters } = this.#options
    const symbols = this.#room(text.length * 3)
    if (byteLetters) this.#byteSymbols(text, symbols)
    else this.#characterSymbols(text, symbols)
    if (ignoreMerges && this.#takeWhole(text, symbols)) return symbols
    mergeSymbols(symbols, merges)
    return symbols
  }

  #room(capacity: number): Symbols {
    if (this.#symbols.ids.length < capacity) this.#symbols = makeSymbols(Math.max(capacity, 256))
    const symbols = this.#symbols
    // a buffer of a huge piece is not kept
    if (capacity > 1 << 16) this.#symbols = makeSymbols(256)
    symbols.length = 0
    return symbols
  }

  #takeWhole(text: string, symbols: Symbols): boolean {
    const { vocabulary, byteLetters } = this.#options
    let word = text
    if (byteLetters) {
      word = ''
      for (let i = 0; i < symbols.length; i++) word += vocabulary.tokens[symbols.ids[i]!]
    }
    const id = vocabulary.ids.get(word)
    if (id === undefined) return false
    symbols.length = 1
    symbols.ids[0] = id
    symbols.starts[0] = 0
    symbols.ends[0] = text.length
    return true
  }

  #byteSymbols(text: string, symbols: Symbols): void {
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      if (unit < 0x80) this.#pushByte(symbols, unit, i, i + 1)
      else {
        const code = text.codePointAt(i)!
        const end = code > 0xffff ? i + 2 : i + 1
        this.#pushCharacterBytes(symbols, code, i, end)
        i = end - 1
      }
    }
  }

  #characterSymbols(text: string, symbols: Symbols): void {
    const { vocabulary, byteFallback } = this.#options
    for (let i = 0; i < text.length; ) {
      const code = text.codePointAt(i)!
      const end = code > 0xffff ? i + 2 : i + 1
      const id = vocabulary.ids.get(text.slice(i, end))
      if (id !== undefined) push(symbols, id, i, end)
      else if (byteFallback && this.#hasBytes(code)) this.#pushCharacterBytes(symbols, code, i, end)
      else this.#pushUnknown(symbols, i, end)
      i = end
    }
  }

  #hasBytes(code: number): boolean {
    return utf8(code).every((byte) => this.#byteIds![byte]! >= 0)
  }

  #pushCharacterBytes(symbols: Symbols, code: number, start: number, end: number): void {
    for (const byte of utf8(code)) this.#pushByte(symbols, byte, start, end)
  }

  #pushByte(symbols: Symbols, byte: number, start: number, end: number): void {
    const id = this.#byteIds![byte]!
    if (id >= 0) push(symbols, id, start, end)
    else this.#pushUnknown(symbols, start, end)
  }

  #pushUnknown(symbols: Symbols, start: number, end: number): void {
    const { unknownId, fuseUnknown } = this.#options
    if (unknownId === undefined) return
    const last = symbols.length - 1
    if (fuseUnknown && last >= 0 && symbols.ids[last] === unknownId) symbols.ends[last] = end
    else push(symbols, unknownId, start, end)
  }
}

function push(symbols: Symbols, id: number, start: number, end: number): void {
  const at = symbols.length++
  symbols.ids[at] = id
  symbols.starts[at] = start
  symbols.ends[at] = end
}

function emit(symbols: CachedPiece, length: number, piece: AlignedText, sink: TokenSink): void {
  const { ids, starts, ends } = symbols
  if (!piece.starts) {
    for (let i = 0; i < length; i++) sink.push(ids[i]!, piece.base + starts[i]!, piece.base + ends[i]!)
    return
  }
  for (let i = 0; i < length; i++) {
    const { start, end } = originOf(piece, starts[i]!, ends[i]!)
    sink.push(ids[i]!, start, end)
  }
}

/** The UTF-8 bytes of a code point; a lone surrogate is written as U+FFFD, as `TextEncoder` does. */
function utf8(code: number): number[] {
  if (code < 0x80) return [code]
  if (code < 0x800) return [0xc0 | (code >> 6), 0x80 | (code & 63)]
  if (code >= 0xd800 && code <= 0xdfff) return [0xef, 0xbf, 0xbd]
  if (code < 0x10000) return [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)]
  return [0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)]
}
