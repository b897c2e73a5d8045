/** @file Blocks in the order of their units' relevance, or from both ends. */
import { type Block, buildBlocks, splitBySize } from '../documents/build-blocks.ts'
import type { CodeDocument, DocumentUnit } from '../documents/code-document.ts'
import type { Selection } from '../documents/selection.ts'

/** The most relevant units first, whole where they fit, then the first blocks of the next. */
export function selectByRank(
  documents: readonly CodeDocument[],
  units: readonly DocumentUnit[],
  scores: Float64Array,
  budget: number,
): Selection {
  const longest = Math.max(16, Math.min(200, Math.floor(budget / 6)))
  const blocks = buildBlocks(documents, units, (unit, body) =>
    splitBySize(documents[units[unit]!.document]!, body, longest),
  )
  // worth per token falls with rank alone, so that filling goes by rank
  const rank = new Float64Array(units.length)
  const order = units.map((_, index) => index).sort((a, b) => scores[b]! - scores[a]! || a - b)
  order.forEach((index, place) => {
    rank[index] = units.length - place
  })
  const values = Float64Array.from(blocks, ({ unit, tokens }) => (unit < 0 ? 0 : tokens * rank[unit]!))
  return { blocks, kept: new Uint8Array(blocks.length), values, fill: 'all' }
}

/** Lines from the beginning and from the end, without a choice: what is cut is one stretch in the middle. */
export function selectEnds(
  documents: readonly CodeDocument[],
  units: readonly DocumentUnit[],
  budget: number,
  headShare: number,
): Selection {
  const blocks = lineBlocks(documents, units)
  const kept = new Uint8Array(blocks.length)
  const values = new Float64Array(blocks.length)
  const head = takeLines(blocks, kept, budget * headShare, 1)
  takeLines(blocks, kept, budget - head, -1)
  blocks.forEach(({ tokens }, at) => {
    // nearer to its end is worth more
    values[at] = tokens / (1 + Math.min(at, blocks.length - 1 - at))
  })
  return { blocks, kept, values, fill: 'planned' }
}

/** Each line as a block of its own, below its file's title. */
function lineBlocks(documents: readonly CodeDocument[], units: readonly DocumentUnit[]): Block[] {
  const blocks: Block[] = []
  documents.forEach(({ outline, lineTokens, source, titleTokens }, document) => {
    const unit = units.findIndex((each) => each.document === document)
    let title = -1
    if (source.title !== '')
      title = blocks.push({ document, unit: -1, role: 'title', ranges: [], tokens: titleTokens, parent: -1 }) - 1
    for (let line = 0; line < outline.lines.count; line++) {
      const ranges = [{ from: line, to: line + 1 }]
      blocks.push({ document, unit, role: 'body', ranges, tokens: lineTokens[line]!, parent: title })
    }
  })
  return blocks
}

/** Takes lines in one direction until the next does not fit; returns the tokens taken. */
function takeLines(blocks: readonly Block[], kept: Uint8Array, room: number, step: 1 | -1): number {
  let taken = 0
  for (let at = step > 0 ? 0 : blocks.length - 1; at >= 0 && at < blocks.length; at += step) {
    const block = blocks[at]!
    if (block.role === 'title' || kept[at]) continue
    const title = block.parent >= 0 && !kept[block.parent] ? blocks[block.parent]!.tokens : 0
    if (taken + block.tokens + title > room) break
    taken += block.tokens + title
    kept[at] = 1
    if (block.parent >= 0) kept[block.parent] = 1
  }
  return taken
}
