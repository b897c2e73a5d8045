import type { Passage } from '@lc/model'
import { languageOf } from '../code/language.ts'
import { speaker } from '../structured/chat-outline.ts'
import { isJson, isJsonLines } from '../structured/json-tree.ts'

/** What a text is, as far as compressing it goes. */
export type ContentKind = 'code' | 'prose' | 'json' | 'table' | 'chat'

/** The kind that most characters of the passages are of; prose when there are none. */
export function contentKind(passages: readonly Passage[]): ContentKind {
  const lengths = new Map<ContentKind, number>()
  for (const { text, source } of passages) {
    const kind = kindOf(text, source.uri)
    lengths.set(kind, (lengths.get(kind) ?? 0) + text.length)
  }
  let found: ContentKind = 'prose'
  let most = 0
  for (const [kind, length] of lengths)
    if (length > most) {
      found = kind
      most = length
    }
  return found
}

/** Only so much of a text is looked at. */
const sampleLength = 20_000

/** The kind of one text. */
export function kindOf(text: string, uri: string): ContentKind {
  const sample = text.slice(0, sampleLength)
  if (/\.(jsonl?|ndjson)$/i.test(uri) || (text.length <= longestJson && isJsonText(text))) return 'json'
  if (/\.(csv|tsv)$/i.test(uri) || isTable(sample)) return 'table'
  if (/\.(md|markdown|txt|rst|html?)$/i.test(uri)) return isChat(sample) ? 'chat' : 'prose'
  if (languageOf(uri, sample) !== 'text') return 'code'
  if (isChat(sample)) return 'chat'
  if (isCommaTable(sample)) return 'table'
  if (looksLikeCode(sample)) return 'code'
  return /^message:\d+$/.test(uri) ? 'chat' : 'prose'
}

/** Longer texts are not parsed to find out. */
const longestJson = 2_000_000

function isJsonText(text: string): boolean {
  return isJson(text) || isJsonLines(text)
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '')
}

/** Most lines have the same number of tabs, semicolons or bars, and have some. */
function isTable(text: string): boolean {
  const lines = linesOf(text)
  if (lines.length < 3) return false
  return ['\t', '|', ';'].some((mark) => {
    const counts = lines.map((line) => line.split(mark).length - 1)
    const usual = counts[Math.floor(counts.length / 2)]!
    return usual > 0 && counts.filter((count) => count === usual).length >= 0.8 * lines.length
  })
}

/** Four lines or more, all with the same number of commas, at least two. */
function isCommaTable(text: string): boolean {
  const counts = linesOf(text).map((line) => line.split(',').length - 1)
  return counts.length >= 4 && counts[0]! >= 2 && counts.every((count) => count === counts[0])
}

/** Two turns or more, each announced by its speaker at the start of a line. */
function isChat(text: string): boolean {
  const turns = text.match(speaker)
  return (turns?.length ?? 0) >= 2
}

/** A third of the lines or more end or begin as only code does. */
function looksLikeCode(text: string): boolean {
  const lines = linesOf(text)
  if (lines.length < 3) return false
  const code = lines.filter((line) =>
    /[;{}]\s*$|^\s*[})\]]|^\s*(?:import|from|def|class|function|const|let|var|return|if|for|while|#include|public|private)\b.*[:;({]\s*$/.test(
      line,
    ),
  )
  return code.length >= lines.length / 3
}
