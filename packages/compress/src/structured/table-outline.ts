/** @file Tables as parts: a row is kept with its header. Rows of CSV can go over several lines; Markdown can have text around. */
import type { Outline, OutlinePart } from './outline.ts'

const separatorRow = /^[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*\r?\n?$/

/** Rows of a table, the first its header; in Markdown every table of the text, and lines outside by themselves. */
export function tableOutline(text: string): Outline {
  const lines = text.split(/(?<=\n)/)
  const markdown = lines.some((line, at) => at > 0 && isSeparator(line) && lines[at - 1]!.includes('|'))
  const parts = markdown ? markdownParts(lines) : recordParts(text)
  return {
    parts,
    spansOf: (isKept) => parts.flatMap(({ start, end }, part) => (isKept(part) ? [{ start, end, part }] : [])),
    marker: () => '',
  }
}

function isSeparator(line: string): boolean {
  return line.includes('|') && separatorRow.test(line)
}

function markdownParts(lines: readonly string[]): OutlinePart[] {
  const parts: OutlinePart[] = []
  let start = 0
  let header = -1
  lines.forEach((line, at) => {
    const end = start + line.length
    const place = { start, end, label: '' }
    start = end
    if (line === '') return
    if (isSeparator(line) && header >= 0) parts[header]!.end = end
    else if (line.includes('|') && isSeparator(lines[at + 1] ?? ''))
      header = parts.push({ ...place, parent: -1, kind: 'header' }) - 1
    else if (line.includes('|') && header >= 0) parts.push({ ...place, parent: header, kind: 'row' })
    else {
      header = -1
      parts.push({ ...place, parent: -1, kind: 'line' })
    }
  })
  return parts
}

function recordParts(text: string): OutlinePart[] {
  const ends = recordEnds(text)
  return ends.map((end, index) => ({
    start: ends[index - 1] ?? 0,
    end,
    parent: index === 0 ? -1 : 0,
    kind: index === 0 ? 'header' : 'row',
    label: '',
  }))
}

/** Where records end: at line ends outside of quotes (RFC 4180). An open quote at the end of the text is text. */
function recordEnds(text: string): number[] {
  const quoted = /(?:^|[,;\t|\n])"(?:[^"]|"")*"(?=[,;\t|\r\n]|$)/g
  const inside: { start: number; end: number }[] = []
  for (const match of text.matchAll(quoted)) inside.push({ start: match.index + 1, end: match.index + match[0].length })
  const ends: number[] = []
  let next = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) {
    while (next < inside.length && inside[next]!.end <= at) next++
    if (next < inside.length && inside[next]!.start <= at) continue
    ends.push(at + 1)
  }
  if (text !== '' && ends.at(-1) !== text.length) ends.push(text.length)
  return ends
}
