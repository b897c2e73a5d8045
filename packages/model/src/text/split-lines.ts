import type { Span } from './span.ts'

/**
 * The lines of a text, each with its terminator (LF, CRLF or CR); together they cover the text. A text that ends with a
 * terminator has no empty line after it; the empty text has no lines.
 */
export function splitLines(text: string): Span[] {
  const lines: Span[] = []
  const terminator = /\r\n|\n|\r/g
  let start = 0
  for (let match = terminator.exec(text); match; match = terminator.exec(text)) {
    const end = match.index + match[0].length
    lines.push({ start, end })
    start = end
  }
  if (start < text.length) lines.push({ start, end: text.length })
  return lines
}
