import type { Span } from '@lc/model'

/**
 * Text on its way through the tokenizer, together with where each of its UTF-16 units came from. Without the arrays it
 * is an unchanged slice of the input that begins at `base`.
 */
export interface AlignedText {
  readonly text: string
  readonly base: number
  /** For each unit the start and end of its origin in the input. */
  readonly starts?: Int32Array
  readonly ends?: Int32Array
}

/** An unchanged slice of the input. */
export function plainText(text: string, base = 0): AlignedText {
  return { text, base }
}

/** The units `[from, to)` of an aligned text. */
export function sliceAligned(aligned: AlignedText, from: number, to: number): AlignedText {
  if (from === 0 && to === aligned.text.length) return aligned
  const text = aligned.text.slice(from, to)
  if (!aligned.starts || !aligned.ends) return { text, base: aligned.base + from }
  return { text, base: 0, starts: aligned.starts.subarray(from, to), ends: aligned.ends.subarray(from, to) }
}

/** Where the units `[from, to)` came from; for an empty range the point where they stand. */
export function originOf(aligned: AlignedText, from: number, to: number): Span {
  const { starts, ends, base } = aligned
  if (!starts || !ends) return { start: base + from, end: base + to }
  if (from < to) return { start: starts[from]!, end: ends[to - 1]! }
  const at = from > 0 ? ends[from - 1]! : (starts[0] ?? base)
  return { start: at, end: at }
}

/** Builds a changed text unit by unit while keeping the origins. */
export class AlignedBuilder {
  readonly #parts: string[] = []
  readonly #starts: number[] = []
  readonly #ends: number[] = []

  /** Text that stands for the input range `[start, end)` as a whole. */
  push(text: string, start: number, end: number): void {
    this.#parts.push(text)
    for (let i = 0; i < text.length; i++) {
      this.#starts.push(start)
      this.#ends.push(end)
    }
  }

  /** The units `[from, to)` of `aligned`, unchanged. */
  copy(aligned: AlignedText, from: number, to: number): void {
    this.#parts.push(aligned.text.slice(from, to))
    for (let i = from; i < to; i++) {
      this.#starts.push(aligned.starts ? aligned.starts[i]! : aligned.base + i)
      this.#ends.push(aligned.ends ? aligned.ends[i]! : aligned.base + i + 1)
    }
  }

  build(): AlignedText {
    return {
      text: this.#parts.join(''),
      base: 0,
      starts: Int32Array.from(this.#starts),
      ends: Int32Array.from(this.#ends),
    }
  }
}

/** Replaces matches of a global regular expression; a replacement stands for the whole of what it replaces. */
export function replaceAligned(
  aligned: AlignedText,
  pattern: RegExp,
  replacement: (match: string) => string,
): AlignedText {
  let builder: AlignedBuilder | undefined
  let done = 0
  for (const match of aligned.text.matchAll(pattern)) {
    const found = match[0]
    const replaced = replacement(found)
    if (replaced === found) continue
    builder ??= new AlignedBuilder()
    builder.copy(aligned, done, match.index)
    const { start, end } = originOf(aligned, match.index, match.index + found.length)
    builder.push(replaced, start, end)
    done = match.index + found.length
  }
  if (!builder) return aligned
  builder.copy(aligned, done, aligned.text.length)
  return builder.build()
}

/** Puts text in front that stands for nothing in the input. */
export function prependAligned(aligned: AlignedText, text: string): AlignedText {
  const builder = new AlignedBuilder()
  const { start } = originOf(aligned, 0, 0)
  builder.push(text, start, start)
  builder.copy(aligned, 0, aligned.text.length)
  return builder.build()
}
