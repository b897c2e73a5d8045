/** @file Text that should survive: found by plain patterns, each kind with its place in the order of giving up. */
import type { Span } from '@lc/model'
import { sentenceStarts } from './sentences.ts'

/** Kinds of protected text, from the first to be given up to the last. */
export const protectedKinds = Object.freeze([
  'quotes',
  'code',
  'numbers',
  'urls',
  'ids',
  'first-sentence',
  'last-sentence',
  'phrases',
] as const)

/** What text is protected as. */
export type ProtectedKind = (typeof protectedKinds)[number]

export interface ProtectedSpan extends Span {
  kind: ProtectedKind
}

// each pattern begins only where its run of characters begins, so that one long run costs its length and not the square of it
const patterns: Partial<Record<ProtectedKind, RegExp>> = {
  quotes: /"[^"\n]{1,120}"|\u201c[^\u201d\n]{1,120}\u201d|\u00ab[^\u00bb\n]{1,120}\u00bb/g,
  code: /`[^`\n]{1,200}`/g,
  numbers: /[+\-\u2212]?(?:[$\u20ac\u00a3\u00a5]\s?)?\d+(?:[.,:/]\d+)*(?:\s?%)?/g,
  urls: /\b(?:https?|ftp|file):\/\/[^\s<>"'`)\]}]+|\b(?<=(?<![\w.+-])[.+-]*)[\w.+-]+@[\w-]+(?:\.[\w-]+)+/gi,
  // hexadecimal with dashes, or letters and digits mixed, or dotted and slashed paths
  ids: /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b(?<=(?<![\w-])-*)(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{4,}\b|(?<![\w.-])(?:[\w.-]+)?(?:\/[\w.-]+){2,}/gi,
}

export interface ProtectOptions {
  /** Kinds to look for. */
  kinds: readonly ProtectedKind[]
  /** Forced phrases, taken literally. */
  phrases?: readonly string[] | undefined
}

/** Protected spans of a text, in order of their start; they can overlap. */
export function protectedSpans(text: string, options: ProtectOptions): ProtectedSpan[] {
  const found: ProtectedSpan[] = []
  for (const kind of options.kinds) {
    const pattern = patterns[kind]
    if (pattern)
      for (const match of text.matchAll(pattern)) {
        const start = match.index
        found.push({ kind, start, end: start + match[0].length })
      }
  }
  found.push(...edgeSentences(text, options.kinds))
  if (options.kinds.includes('phrases'))
    for (const phrase of options.phrases ?? []) found.push(...occurrences(text, phrase))
  return found.sort((a, b) => a.start - b.start || b.end - a.end)
}

function edgeSentences(text: string, kinds: readonly ProtectedKind[]): ProtectedSpan[] {
  if (!kinds.includes('first-sentence') && !kinds.includes('last-sentence')) return []
  const starts = sentenceStarts(text)
  const spans: ProtectedSpan[] = []
  if (kinds.includes('first-sentence') && starts.length > 0)
    spans.push({ kind: 'first-sentence', start: 0, end: starts[1] ?? text.length })
  if (kinds.includes('last-sentence') && starts.length > 0)
    spans.push({ kind: 'last-sentence', start: starts.at(-1)!, end: text.length })
  return spans
}

function occurrences(text: string, phrase: string): ProtectedSpan[] {
  const spans: ProtectedSpan[] = []
  if (phrase === '') return spans
  for (let at = text.indexOf(phrase); at >= 0; at = text.indexOf(phrase, at + phrase.length))
    spans.push({ kind: 'phrases', start: at, end: at + phrase.length })
  return spans
}

/** Kinds whose text is kept whole or dropped whole. Sentences are protected word by word. */
export function isAtomic(kind: ProtectedKind): boolean {
  return kind !== 'first-sentence' && kind !== 'last-sentence'
}

/** How late a kind is given up: 1 for the first, larger for later. */
export function protectionRank(kind: ProtectedKind): number {
  return protectedKinds.indexOf(kind) + 1
}
