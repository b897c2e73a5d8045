/**
 * @file Units cut into the blocks that selection works on, in preorder: a file's title, each unit's signature (with the line
 * that closes it), and below the signature its comments and its body. A block is kept only with the blocks above it.
 */
import { closingStart } from '../code/closing-lines.ts'
import type { LineRange } from '../code/source-lines.ts'
import { type CodeDocument, type DocumentUnit, sumTokens } from './code-document.ts'

/** A smallest thing that is selected: whole lines. */
export interface Block {
  document: number
  /** The index of the unit; -1 for a title. */
  unit: number
  role: 'title' | 'header' | 'comment' | 'body'
  /** Ascending, disjoint. Empty for a title. */
  ranges: LineRange[]
  tokens: number
  /** The index of the block above, or -1. */
  parent: number
}

/** Cuts the body of a unit into ranges that cover it in order. */
export type SplitBody = (unit: number, body: LineRange) => LineRange[]

/** The blocks of all units; together they have each line of each document exactly once. */
export function buildBlocks(
  documents: readonly CodeDocument[],
  units: readonly DocumentUnit[],
  splitBody: SplitBody,
): Block[] {
  const blocks: Block[] = []
  const headerOf = new Int32Array(units.length)
  let title = -1
  units.forEach((entry, number) => {
    if (entry.document !== units[number - 1]?.document) title = addTitle(blocks, documents, entry.document)
    const above = entry.parent < 0 ? title : headerOf[entry.parent]!
    headerOf[number] = addUnit(blocks, documents[entry.document]!, { entry, number, above, splitBody })
  })
  return blocks
}

function addTitle(blocks: Block[], documents: readonly CodeDocument[], document: number): number {
  const { source, titleTokens } = documents[document]!
  if (source.title === '') return -1
  return blocks.push({ document, unit: -1, role: 'title', ranges: [], tokens: titleTokens, parent: -1 }) - 1
}

interface UnitPlace {
  entry: DocumentUnit
  number: number
  above: number
  splitBody: SplitBody
}

/** Adds a unit's blocks and returns the one that its members hang on. */
function addUnit(blocks: Block[], document: CodeDocument, { entry, number, above, splitBody }: UnitPlace): number {
  const { lines, header, closer } = entry.unit
  const add = (role: Block['role'], ranges: LineRange[], parent: number): number => {
    const filled = ranges.filter((range) => range.to > range.from)
    if (filled.length === 0) return parent
    const tokens = filled.reduce((sum, range) => sum + sumTokens(document, range), 0)
    return blocks.push({ document: entry.document, unit: number, role, ranges: filled, tokens, parent }) - 1
  }
  if (header.to === header.from) {
    for (const range of splitBody(number, lines)) add('body', [range], above)
    if (closer) add('body', [closer], above)
    return above
  }
  const bodyEnd = closer ? lines.to : closingStart(document.outline.lines, { from: header.to, to: lines.to })
  const own = add('header', [header, closer ?? { from: bodyEnd, to: lines.to }], above)
  add('comment', [{ from: lines.from, to: header.from }], own)
  const body = { from: header.to, to: bodyEnd }
  if (body.to > body.from) for (const range of splitBody(number, body)) add('body', [range], own)
  return own
}

/** Cuts a range into parts of at most about `tokens`, at lines where a statement begins if there are any. */
export function splitBySize(document: CodeDocument, range: LineRange, tokens: number): LineRange[] {
  const { outline, lineTokens } = document
  const parts: LineRange[] = []
  let { from } = range
  let border = -1
  let size = 0
  for (let line = range.from; line < range.to; line++) {
    if (line > from && outline.borders[line] === 1) border = line
    size += lineTokens[line]!
    if (size <= tokens || line === from) continue
    const cut = border > from ? border : line
    parts.push({ from, to: cut })
    from = cut
    border = -1
    size = sumTokens(document, { from, to: line + 1 })
  }
  if (range.to > from) parts.push({ from, to: range.to })
  return parts
}
