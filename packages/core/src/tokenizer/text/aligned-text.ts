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
  #text = ''
  #starts = new Int32Array(256)
  #ends = new Int32Array(256)
  #length = 0

  /** Text that stands for the input range `[start, end)` as a whole. */
  push(text: string, start: number, end: number): void {
    this.#reserve(text.length)
    this.#text += text
    for (let i = 0; i < text.length; i++, this.#length++) {
      this.#starts[this.#length] = start
      this.#ends[this.#length] = end
    }
  }

  /** The units `[from, to)` of `aligned`, unchanged. */
  copy(aligned: AlignedText, from: number, to: number): void {
    if (from === to) return
    const { starts, ends, base } = aligned
    this.#reserve(to - from)
    this.#text += aligned.text.slice(from, to)
    if (starts && ends) {
      this.#starts.set(starts.subarray(from, to), this.#length)
      this.#ends.set(ends.subarray(from, to), this.#length)
      this.#length += to - from
      return
    }
    for (let i = from; i < to; i++, this.#length++) {
      this.#starts[this.#length] = base + i
      this.#ends[this.#length] = base + i + 1
    }
  }

  build(): AlignedText {
    const starts = this.#starts.subarray(0, this.#length)
    return { text: this.#text, base: 0, starts, ends: this.#ends.subarray(0, this.#length) }
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#starts.length) return
    const capacity = Math.max(this.#length + count, this.#starts.length * 2)
    this.#starts = grown(this.#starts, capacity)
    this.#ends = grown(this.#ends, capacity)
  }
}

function grown(list: Int32Array, capacity: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(capacity)
  larger.set(list)
  return larger
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
