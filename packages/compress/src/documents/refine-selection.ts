import { type LineRange, lineText } from '../code/source-lines.ts'
import { type Block, splitBySize } from './build-blocks.ts'
import type { CodeDocument } from './code-document.ts'
import type { Selection } from './selection.ts'

/**
 * The selection with dropped bodies that are larger than what is left of the budget cut into smaller blocks, so that part of one
 * can still be used. What is kept stays kept; parts are worth as much per token as the whole.
 */
export function refineSelection(
  documents: readonly CodeDocument[],
  { blocks, kept, values, fill, protection }: Selection,
  room: number,
): Selection {
  const refined: Block[] = []
  const refinedKept: number[] = []
  const refinedValues: number[] = []
  const refinedProtection: number[] = []
  // where each block went: its children, if it has any, hang there
  const moved = new Int32Array(blocks.length)
  blocks.forEach((block, index) => {
    moved[index] = refined.length
    const parent = block.parent < 0 ? -1 : moved[block.parent]!
    const parts =
      kept[index] || block.tokens <= room || protection?.[index]
        ? [block]
        : partsOf(documents[block.document]!, block, room)
    for (const part of parts) {
      refined.push({ ...part, parent })
      refinedKept.push(kept[index]!)
      refinedProtection.push(protection?.[index] ?? 0)
      refinedValues.push((values[index]! * part.tokens) / Math.max(1, block.tokens))
    }
  })
  return {
    blocks: refined,
    kept: Uint8Array.from(refinedKept),
    values: Float64Array.from(refinedValues),
    fill,
    protection: Uint8Array.from(refinedProtection),
  }
}

/** Only what nothing hangs on can be cut. */
function partsOf(document: CodeDocument, block: Block, room: number): Block[] {
  const [range] = block.ranges
  if ((block.role !== 'body' && block.role !== 'comment') || !range || block.ranges.length > 1) return [block]
  const parts = splitBySize(document, range, Math.max(8, Math.floor(room / 2)))
  return joinBlank(document, parts).map((part) => ({
    ...block,
    ranges: [part],
    tokens: document.lineTokens.subarray(part.from, part.to).reduce((sum, tokens) => sum + tokens, 0),
  }))
}

/** Blank lines are worth nothing alone: they go with the part before, at the beginning with the one after. */
function joinBlank({ outline: { lines } }: CodeDocument, parts: readonly LineRange[]): LineRange[] {
  const joined: LineRange[] = []
  for (const { from, to } of parts) {
    const last = joined.at(-1)
    const blank = lineText(lines, from, to).trim() === ''
    if (last && (blank || lineText(lines, last.from, last.to).trim() === '')) last.to = to
    else joined.push({ from, to })
  }
  return joined
}
