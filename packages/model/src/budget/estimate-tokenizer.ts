/** @file A tokenizer for models whose vocabulary is not known. It estimates, and says so. */
import type { Encoding, Tokenizer } from '../capability/tokenizer.ts'
import { checkInteger } from '../check/check-argument.ts'
import { InvalidArgumentError } from '../errors/invalid-argument-error.ts'
import type { Span } from '../text/span.ts'

/** Options of `estimateTokenizer`. */
export interface EstimateTokenizerOptions {
  /**
   * How many UTF-8 bytes make a token, 1 to 4. Defaults to 4, the rule of thumb for English prose; 3 is closer for
   * source code.
   */
  bytesPerToken?: number
}

/**
 * A tokenizer that packs whole characters into tokens of at most `bytesPerToken` UTF-8 bytes (`exact: false`). An id is
 * those bytes as a number, so decoding gives the text back; no id means anything to a real model.
 */
export function estimateTokenizer(options: EstimateTokenizerOptions = {}): Tokenizer {
  const { bytesPerToken = 4 } = options
  checkInteger(bytesPerToken, 'bytesPerToken', { min: 1, max: 4 })
  const encode = (text: string): Encoding => {
    const ids: number[] = []
    const spans: Span[] = []
    forEachToken(text, bytesPerToken, (id, start, end) => {
      ids.push(id)
      spans.push({ start, end })
    })
    return { ids: Uint32Array.from(ids), spans }
  }
  const count = (text: string): number => {
    let tokens = 0
    forEachToken(text, bytesPerToken, () => {
      tokens++
    })
    return tokens
  }
  return { id: `estimate-${bytesPerToken}-bytes`, exact: false, encode, decode: unpack, count }
}

/** Packs characters greedily. NUL stands alone, since leading zero bytes of an id would be lost. */
function forEachToken(
  text: string,
  bytesPerToken: number,
  visit: (id: number, start: number, end: number) => void,
): void {
  let id = 0
  let size = 0
  let start = 0
  for (let index = 0; index < text.length; ) {
    const code = text.codePointAt(index)!
    const next = index + (code >= 0x10000 ? 2 : 1)
    const length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
    if (size > 0 && (size + length > bytesPerToken || code === 0 || id === 0)) {
      visit(id, start, index)
      id = 0
      size = 0
      start = index
    }
    id = id * 256 ** length + bytesOf(code, length)
    size += length
    index = next
  }
  if (size > 0) visit(id, start, text.length)
}

/** The UTF-8 bytes of a code point as one number; a lone surrogate keeps its own three bytes, so nothing is lost. */
function bytesOf(code: number, length: number): number {
  if (length === 1) return code
  const tail = (shift: number): number => 0x80 | ((code >> shift) & 0x3f)
  if (length === 2) return (0xc0 | (code >> 6)) * 256 + tail(0)
  if (length === 3) return ((0xe0 | (code >> 12)) * 256 + tail(6)) * 256 + tail(0)
  return (((0xf0 | (code >> 18)) * 256 + tail(12)) * 256 + tail(6)) * 256 + tail(0)
}

function unpack(ids: ArrayLike<number>): string {
  let text = ''
  for (let index = 0; index < ids.length; index++) {
    const bytes = significantBytes(ids[index]!)
    for (let at = 0; at < bytes.length; ) {
      const lead = bytes[at]!
      const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
      const code = codePointOf(bytes.slice(at, at + length))
      if (code === undefined)
        throw new InvalidArgumentError({ argument: 'ids', received: ids[index], allowed: 'ids of this tokenizer' })
      text += String.fromCodePoint(code)
      at += length
    }
  }
  return text
}

function codePointOf(bytes: readonly number[]): number | undefined {
  const lead = bytes[0]!
  if (bytes.length === 1) return lead < 0x80 ? lead : undefined
  let code = lead & (0xff >> (bytes.length + 1))
  for (const byte of bytes.slice(1)) {
    if ((byte & 0xc0) !== 0x80) return undefined
    code = code * 64 + (byte & 0x3f)
  }
  return code <= 0x10ffff ? code : undefined
}

function significantBytes(id: number): number[] {
  if (id === 0) return [0]
  const bytes = [id >>> 24, (id >>> 16) & 0xff, (id >>> 8) & 0xff, id & 0xff]
  return bytes.slice(bytes.findIndex((byte) => byte !== 0))
}
