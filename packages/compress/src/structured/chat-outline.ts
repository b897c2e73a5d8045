/** @file Chats written as text: who speaks stays with what is kept of the turn; the last turn comes before all others. */
import { unitStarts } from '../prose/unit-starts.ts'
import type { Outline, OutlinePart } from './outline.ts'

/** A speaker at the start of a line. */
export const speaker = /^(?:user|assistant|system|tool|human|ai|speaker \d+)[ \t]*:[ \t]*/gim

/** Turns as their speakers, with the sentences and lines of each below. */
export function chatOutline(text: string): Outline {
  const parts: OutlinePart[] = []
  let lastFrom = 0
  const addSentences = (start: number, end: number, parent: number): void => {
    const starts = unitStarts(text.slice(start, end)).map((at) => at + start)
    starts.forEach((from, index) => {
      parts.push({ start: from, end: starts[index + 1] ?? end, parent, kind: 'sentence', label: '' })
    })
  }
  let at = 0
  let turn = -1
  for (const match of text.matchAll(speaker)) {
    addSentences(at, match.index, turn)
    at = match.index + match[0].length
    turn = parts.push({ start: match.index, end: at, parent: -1, kind: 'turn', label: '' }) - 1
    lastFrom = turn
  }
  addSentences(at, text.length, turn)
  return {
    parts,
    lastFrom,
    spansOf(isKept) {
      const spoken = new Set<number>()
      parts.forEach(({ parent }, part) => {
        if (parent >= 0 && isKept(part)) spoken.add(parent)
      })
      // a speaker alone says nothing
      const stays = (part: number): boolean => isKept(part) && (parts[part]!.kind !== 'turn' || spoken.has(part))
      return parts.flatMap(({ start, end }, part) => (stays(part) ? [{ start, end, part }] : []))
    },
    marker: () => '',
  }
}

/** Sentences and lines of any other text, each by itself. */
export function sentenceOutline(text: string): Outline {
  const starts = unitStarts(text)
  const parts = starts.map((start, index): OutlinePart => {
    return { start, end: starts[index + 1] ?? text.length, parent: -1, kind: 'sentence', label: '' }
  })
  return {
    parts,
    spansOf: (isKept) => parts.flatMap(({ start, end }, part) => (isKept(part) ? [{ start, end, part }] : [])),
    marker: () => '',
  }
}
