/** @file Units for text without a parser: paragraphs that begin at the left margin, and headings. */
import type { CodeOutline, CodeUnit } from './code-unit.ts'
import { longestRun } from './cut-long-units.ts'
import type { Language } from './language.ts'
import { indentOf, isBlankLine, type LineRange, lineText, type SourceLines } from './source-lines.ts'

const closing = /^[)\]}>;,\s]*$|^(end|else|elif|except|finally|catch)\b/
const definition =
  /\b(?:def|class|function|fn|func|sub|fun|interface|struct|enum|trait|module|object|procedure|namespace)\s+([\p{L}_$][\p{L}\p{N}_$.:]*)/u
const heading = /^#{1,6}\s+(.{1,120})/

/**
 * Cuts lines into units where a line at the left margin follows a blank line, at headings, and after 80 lines or 4,000 characters.
 * Indented lines stay with what they are indented under.
 */
export function unitsByIndent(lines: SourceLines, language: Language): CodeOutline {
  const units: CodeUnit[] = []
  const borders = new Uint8Array(lines.count)
  let from = 0
  let sawBlank = false
  for (let line = 0; line < lines.count; line++) {
    if (isBlankLine(lines, line)) {
      sawBlank = true
      continue
    }
    borders[line] = 1
    if (line > from && beginsUnit(lines, { from, to: line }, sawBlank, language)) {
      units.push(unitOf(lines, from, line, language))
      from = line
    }
    sawBlank = false
  }
  if (from < lines.count) units.push(unitOf(lines, from, lines.count, language))
  return { language, parsedBy: 'indentation', lines, units, borders }
}

/** Whether the line after a unit so far begins another. */
function beginsUnit(lines: SourceLines, unit: LineRange, sawBlank: boolean, language: Language): boolean {
  const line = unit.to
  const characters = lines.starts[line + 1]! - lines.starts[unit.from]!
  if (line - unit.from >= longestRun.lines || characters > longestRun.characters) return true
  if (language === 'markdown' && heading.test(lineText(lines, line))) return true
  return sawBlank && indentOf(lines, line) === '' && !closing.test(lineText(lines, line).trim())
}

function unitOf(lines: SourceLines, from: number, to: number, language: Language): CodeUnit {
  let first = from
  while (first < to && isBlankLine(lines, first)) first++
  const text = first < to ? lineText(lines, first).slice(0, 500) : ''
  const title = language === 'markdown' ? heading.exec(text)?.[1]?.trim() : undefined
  const name = title ?? definition.exec(text)?.[1] ?? ''
  const header = name === '' ? { from, to: from } : { from: first, to: first + 1 }
  return { kind: 'text', name, parent: -1, lines: { from, to }, header }
}
