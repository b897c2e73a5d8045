/** @file Protected text among whole lines: its lines become blocks of their own, which are given up last. */
import { type LineRange, lineAt } from '../code/source-lines.ts'
import { protectedSpans, protectionRank } from '../prose/protected-spans.ts'
import type { ResolvedProtection } from '../prose/protection.ts'
import type { Block } from './build-blocks.ts'
import { type CodeDocument, sumTokens } from './code-document.ts'
import type { Selection } from './selection.ts'

/** A part of a block and its protection. */
interface Part {
  block: Block
  protection: number
}

/** The selection with protected lines planned, with all that they hang on. */
export function protectSelection(
  documents: readonly CodeDocument[],
  selection: Selection,
  protection: ResolvedProtection,
): Selection {
  const ranks = documents.map((document) => protectedLines(document, protection))
  if (ranks.every((lines) => lines.every((rank) => rank === 0))) return selection
  const blocks: Block[] = []
  const kept: number[] = []
  const values: number[] = []
  const protections: number[] = []
  // where each block went: its children, if it has any, hang there
  const moved = new Int32Array(selection.blocks.length)
  selection.blocks.forEach((block, index) => {
    moved[index] = blocks.length
    const parent = block.parent < 0 ? -1 : moved[block.parent]!
    for (const part of partsOf(documents[block.document]!, block, ranks[block.document]!)) {
      blocks.push({ ...part.block, parent })
      protections.push(part.protection)
      kept.push(part.protection > 0 ? 1 : selection.kept[index]!)
      values.push((selection.values[index]! * part.block.tokens) / Math.max(1, block.tokens))
    }
  })
  for (let index = blocks.length - 1; index >= 0; index--)
    if (kept[index] === 1 && blocks[index]!.parent >= 0) kept[blocks[index]!.parent] = 1
  return {
    blocks,
    kept: Uint8Array.from(kept),
    values: Float64Array.from(values),
    fill: selection.fill,
    protection: Uint8Array.from(protections),
  }
}

/** The protection of each line. */
function protectedLines({ outline: { lines } }: CodeDocument, { kinds, phrases }: ResolvedProtection): Uint8Array {
  const ranks = new Uint8Array(lines.count)
  for (const { kind, start, end } of protectedSpans(lines.text, { kinds, phrases })) {
    if (!kinds.includes(kind) || end <= start) continue
    for (let line = lineAt(lines, start); line <= lineAt(lines, end - 1); line++)
      ranks[line] = Math.max(ranks[line]!, protectionRank(kind))
  }
  return ranks
}

/** Runs of lines with the same protection; a block that others hang on stays in one piece. */
function partsOf(document: CodeDocument, block: Block, ranks: Uint8Array): Part[] {
  const highest = Math.max(
    0,
    ...block.ranges.map(({ from, to }) => ranks.subarray(from, to).reduce((a, b) => Math.max(a, b), 0)),
  )
  const [range] = block.ranges
  const divisible = block.role === 'body' || block.role === 'comment'
  if (highest === 0 || !divisible || !range || block.ranges.length > 1) return [{ block, protection: highest }]
  return runsOf(ranks, range).map((run) => ({
    block: { ...block, ranges: [run], tokens: sumTokens(document, run) },
    protection: ranks[run.from]!,
  }))
}

function runsOf(ranks: Uint8Array, { from, to }: LineRange): LineRange[] {
  const runs: LineRange[] = []
  for (let line = from; line < to; line++) {
    const last = runs.at(-1)
    if (last && ranks[last.from] === ranks[line]) last.to = line + 1
    else runs.push({ from: line, to: line + 1 })
  }
  return runs
}
