/** @file The lines of a text as a table of offsets. Very long lines are cut into segments, which count as lines, so that minified text can be kept in part. */

/** Half-open range of line numbers, 0-based. */
export interface LineRange {
  from: number
  to: number
}

/** The lines of a text, each with its line end; together they are the text. */
export interface SourceLines {
  readonly text: string
  readonly count: number
  /** The offset at which each line begins, and one more: the length of the text. `[count + 1]` */
  readonly starts: Uint32Array
}

const longLine = 2000
const segmentLength = 1000

/** Cuts a text after each `\n`, and lines over 2,000 characters after a separator about every 1,000 characters. */
export function splitSourceLines(text: string): SourceLines {
  const starts: number[] = []
  let from = 0
  while (from < text.length) {
    const newline = text.indexOf('\n', from)
    const to = newline < 0 ? text.length : newline + 1
    starts.push(from)
    if (to - from > longLine) cutLongLine(text, from, to, starts)
    from = to
  }
  const count = starts.length
  starts.push(text.length)
  return { text, count, starts: Uint32Array.from(starts) }
}

/** As `splitSourceLines`, with further cuts at the given offsets: sentences of prose count as lines. */
export function splitAt(text: string, offsets: readonly number[]): SourceLines {
  const { starts } = splitSourceLines(text)
  const all = [...new Set([...starts, ...offsets.filter((offset) => offset < text.length)])].sort((a, b) => a - b)
  return { text, count: Math.max(0, all.length - 1), starts: Uint32Array.from(all) }
}

function cutLongLine(text: string, from: number, to: number, starts: number[]): void {
  let at = from
  while (to - at > segmentLength * 1.5) {
    at = segmentEnd(text, at)
    starts.push(at)
  }
}

/** The best place to cut in the second half of a segment: after `;`, `}` or a sentence, else after a space or comma, never inside a surrogate pair. */
function segmentEnd(text: string, from: number): number {
  const last = from + segmentLength
  const first = from + segmentLength / 2
  let weak = -1
  for (let at = last; at > first; at--) {
    const before = text.charCodeAt(at - 1)
    if (before === 59 || before === 125 || (before === 32 && isSentenceEnd(text.charCodeAt(at - 2)))) return at
    if (weak < 0 && (before === 32 || before === 44 || before === 9)) weak = at
  }
  if (weak > 0) return weak
  const code = text.charCodeAt(last)
  return code >= 0xdc00 && code <= 0xdfff ? last - 1 : last
}

function isSentenceEnd(code: number): boolean {
  return code === 46 || code === 33 || code === 63
}

/** The number of the line that holds an offset. */
export function lineAt(lines: SourceLines, offset: number): number {
  let low = 0
  let high = lines.count - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (lines.starts[middle]! <= offset) low = middle
    else high = middle - 1
  }
  return low
}

/** The text of a range of lines. */
export function lineText(lines: SourceLines, from: number, to: number = from + 1): string {
  return lines.text.slice(lines.starts[from], lines.starts[to])
}

const notBlank = /\S/

/** Whether a line holds only white space. */
export function isBlankLine(lines: SourceLines, line: number): boolean {
  return !notBlank.test(lineText(lines, line))
}

/** The white space at the beginning of a line, without its line end. */
export function indentOf(lines: SourceLines, line: number): string {
  const start = lines.starts[line]!
  let end = start
  while (end < lines.text.length) {
    const code = lines.text.charCodeAt(end)
    if (code !== 32 && code !== 9) break
    end++
  }
  return lines.text.slice(start, end)
}
