import { isBlankLine, type LineRange, lineText, type SourceLines } from './source-lines.ts'

const closing = /^\s*([)\]}>]+[)\]};,>]*|end)\s*;?\s*$/

/** Where the closing lines of a range begin: at the last line if it only closes brackets (blank lines after it go with it), else at the end. */
export function closingStart(lines: SourceLines, range: LineRange): number {
  let last = range.to - 1
  while (last >= range.from && isBlankLine(lines, last)) last--
  return last >= range.from && closing.test(lineText(lines, last)) ? last : range.to
}
