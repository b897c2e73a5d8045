/** @file A passage as lines of kept and dropped pieces. */
import type { Span } from '@lc/model'

/** A stretch of one line. */
export interface MarkedPiece {
  text: string
  kept: boolean
}

export interface MarkedLine {
  /** From 1. */
  number: number
  /** Where the line starts in the passage. */
  start: number
  pieces: MarkedPiece[]
  /** Whether anything but white space of it was kept, dropped, or both; blank lines are `'blank'`. */
  state: 'kept' | 'dropped' | 'mixed' | 'blank'
}

/** Lines without their line ends. @param kept ascending, disjoint */
export function markLines(text: string, kept: readonly Span[]): MarkedLine[] {
  const lines: MarkedLine[] = []
  let start = 0
  let next = 0
  while (start < text.length) {
    const newline = text.indexOf('\n', start)
    const end = newline < 0 ? text.length : newline
    while (next < kept.length && kept[next]!.end <= start) next++
    const pieces = piecesOf(text, { start, end }, kept, next)
    lines.push({ number: lines.length + 1, start, pieces, state: stateOf(pieces, kept[next], start, end) })
    start = newline < 0 ? text.length : newline + 1
  }
  return lines
}

function piecesOf(text: string, line: Span, kept: readonly Span[], first: number): MarkedPiece[] {
  const pieces: MarkedPiece[] = []
  const add = (from: number, to: number, isKept: boolean): void => {
    if (to > from) pieces.push({ text: text.slice(from, to).replace(/\r$/, ''), kept: isKept })
  }
  let at = line.start
  for (let index = first; index < kept.length && kept[index]!.start < line.end; index++) {
    const from = Math.max(at, kept[index]!.start)
    const to = Math.min(line.end, kept[index]!.end)
    add(at, from, false)
    add(from, to, true)
    at = Math.max(at, to)
  }
  add(at, line.end, false)
  return pieces
}

function stateOf(
  pieces: readonly MarkedPiece[],
  next: Span | undefined,
  start: number,
  end: number,
): MarkedLine['state'] {
  const visible = pieces.filter((piece) => piece.text.trim() !== '')
  if (visible.length === 0) return next && next.start <= start && next.end >= end && next.end > start ? 'kept' : 'blank'
  const keptCount = visible.filter((piece) => piece.kept).length
  if (keptCount === visible.length) return 'kept'
  return keptCount === 0 ? 'dropped' : 'mixed'
}
