/** @file From UTF-8 bytes, in which byte-level tokenizers and many servers count, to UTF-16 offsets, in which lc counts. */
import { InvalidArgumentError } from '../errors/invalid-argument-error.ts'
import type { Span } from './span.ts'

/** The number of UTF-8 bytes of a text; a lone surrogate counts as the three bytes of U+FFFD, which replaces it. */
export function utf8Length(text: string): number {
  let bytes = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.codePointAt(index)!
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
    if (code >= 0x10000) index++
  }
  return bytes
}

/**
 * For each UTF-8 byte of a text the half-open UTF-16 range of its character: byte `b` belongs to
 * `text.slice(starts[b], ends[b])`.
 */
export function utf8Offsets(text: string): { starts: Uint32Array; ends: Uint32Array } {
  const length = utf8Length(text)
  const starts = new Uint32Array(length)
  const ends = new Uint32Array(length)
  let byte = 0
  for (let index = 0; index < text.length; ) {
    const code = text.codePointAt(index)!
    const next = index + (code >= 0x10000 ? 2 : 1)
    const stop = byte + (code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4)
    starts.fill(index, byte, stop)
    ends.fill(next, byte, stop)
    byte = stop
    index = next
  }
  return { starts, ends }
}

/**
 * Spans of consecutive tokens from the number of UTF-8 bytes of each. A token that holds only a part of a character has
 * the span of the whole character, so neighbours may share it; a token of no bytes has an empty span.
 *
 * @throws InvalidArgumentError when the lengths add up to more bytes than the text has.
 */
export function spansOfBytes(text: string, byteLengths: ArrayLike<number>): Span[] {
  const { starts, ends } = utf8Offsets(text)
  const spans: Span[] = []
  let byte = 0
  for (let token = 0; token < byteLengths.length; token++) {
    const stop = byte + byteLengths[token]!
    if (stop > starts.length)
      throw new InvalidArgumentError({
        argument: 'byteLengths',
        received: stop,
        allowed: `lengths that add up to at most the ${starts.length} bytes of the text`,
      })
    const start = byte < starts.length ? starts[byte]! : text.length
    spans.push({ start, end: stop > byte ? ends[stop - 1]! : start })
    byte = stop
  }
  return spans
}
