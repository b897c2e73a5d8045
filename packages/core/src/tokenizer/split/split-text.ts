import { type AlignedText, sliceAligned } from '../text/aligned-text.ts'

/** What happens to the matches of a pattern when text is split at them. */
export type SplitBehavior = 'Removed' | 'Isolated' | 'MergedWithPrevious' | 'MergedWithNext' | 'Contiguous'
export const splitBehaviors: readonly SplitBehavior[] = [
  'Removed',
  'Isolated',
  'MergedWithPrevious',
  'MergedWithNext',
  'Contiguous',
]

/** Cuts a text into pieces. */
export type Splitter = (piece: AlignedText) => AlignedText[]

/** Splits at the matches of a global pattern; with `invert` at what lies between them. */
export function splitByPattern(pattern: RegExp, behavior: SplitBehavior, invert = false): Splitter {
  if (behavior === 'Isolated' && !invert) return (piece) => isolate(piece, pattern)
  return (piece) => {
    const pieces: AlignedText[] = []
    for (const [from, to] of ranges(piece.text, pattern, behavior, invert)) pieces.push(sliceAligned(piece, from, to))
    return pieces
  }
}

/** The matches of a global pattern, and nothing of what lies between them. */
export function matchesOf(pattern: RegExp): Splitter {
  return (piece) => {
    const pieces: AlignedText[] = []
    pattern.lastIndex = 0
    for (let match = pattern.exec(piece.text); match; match = pattern.exec(piece.text))
      pieces.push(sliceAligned(piece, match.index, pattern.lastIndex))
    return pieces
  }
}

/** The common case, without intermediate lists. */
function isolate(piece: AlignedText, pattern: RegExp): AlignedText[] {
  const { text } = piece
  const pieces: AlignedText[] = []
  let done = 0
  pattern.lastIndex = 0
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const found = match[0].length
    if (found === 0) {
      pattern.lastIndex += text.codePointAt(match.index)! > 0xffff ? 2 : 1
      continue
    }
    if (match.index > done) pieces.push(sliceAligned(piece, done, match.index))
    done = match.index + found
    pieces.push(sliceAligned(piece, match.index, done))
  }
  if (done < text.length) pieces.push(sliceAligned(piece, done, text.length))
  return pieces
}

type Part = [from: number, to: number, matched: boolean]

function ranges(text: string, pattern: RegExp, behavior: SplitBehavior, invert: boolean): [number, number][] {
  const parts: Part[] = []
  let done = 0
  for (const match of text.matchAll(pattern)) {
    if (match[0] === '') continue
    if (match.index > done) parts.push([done, match.index, invert])
    done = match.index + match[0].length
    parts.push([match.index, done, !invert])
  }
  if (done < text.length) parts.push([done, text.length, invert])
  return joinParts(parts, behavior)
}

function joinParts(parts: readonly Part[], behavior: SplitBehavior): [number, number][] {
  if (behavior === 'Removed') return parts.filter((part) => !part[2]).map(([from, to]) => [from, to])
  if (behavior === 'MergedWithNext') return mergeWithNext(parts)
  const out: [number, number][] = []
  let previousMatched: boolean | undefined
  for (const [from, to, matched] of parts) {
    const last = out.at(-1)
    const joins =
      behavior === 'Contiguous'
        ? previousMatched === matched
        : behavior === 'MergedWithPrevious' && matched && previousMatched === false
    if (last && joins) last[1] = to
    else out.push([from, to])
    previousMatched = matched
  }
  return out
}

/** A match goes to the unmatched part behind it; matches in a row stay apart. */
function mergeWithNext(parts: readonly Part[]): [number, number][] {
  const out: [number, number][] = []
  let start: number | undefined
  for (const [from, to, matched] of parts) {
    if (matched && start !== undefined) out.push([start, from])
    if (matched) start = from
    else {
      out.push([start ?? from, to])
      start = undefined
    }
  }
  if (start !== undefined) out.push([start, parts.at(-1)![1]])
  return out
}
