/**
 * @file The two stages as the paper has them: greedy choice of units by perplexity difference under budget / fine ratio, then
 * for each chosen unit a budget by its relevance and an exact knapsack over its perplexity blocks, valued by their own
 * perplexity differences. Signatures, comments and return lines are kept first. Unlike the released package: a unit that
 * does not fit is passed over, budgets are in tokens, values are normalised.
 */

import { commentSyntax } from '../code/language.ts'
import { isBlankLine, type LineRange, lineText } from '../code/source-lines.ts'
import type { Block } from '../documents/build-blocks.ts'
import { type CodeDocument, type DocumentUnit, sumTokens } from '../documents/code-document.ts'
import type { Selection } from '../documents/selection.ts'
import { withoutKeeping } from '../prepared/cached-scorer.ts'
import { knapsack } from '../select/knapsack.ts'
import { minMax, unitRates } from './block-budget.ts'
import { lineValues } from './line-values.ts'
import type { ResolvedLongCodeZipOptions } from './options.ts'
import { rankContexts } from './rank-units.ts'
import type { UnitScores } from './score-units.ts'
import { spikeBlocks } from './split-blocks.ts'

const fewestLines = 5

/** Selects as the paper does. */
export async function selectAsPaper(
  documents: readonly CodeDocument[],
  units: readonly DocumentUnit[],
  scores: UnitScores,
  options: ResolvedLongCodeZipOptions,
): Promise<Selection> {
  const chosen = chooseUnits(units, scores, options.budget.tokens / options.fineRatio)
  const isLarge = (index: number): boolean => visibleLines(documents, units[index]!) >= fewestLines
  const large = options.fineRatio < 1 ? chosen.filter(isLarge) : []
  const smallTokens = chosen.reduce((sum, index) => sum + (large.includes(index) ? 0 : units[index]!.tokens), 0)
  const rates = unitRates({
    tokens: large.map((index) => units[index]!.tokens),
    scores: large.map((index) => scores.scores[index]! || 0),
    total: Math.max(0, options.budget.tokens - smallTokens - markerRoom(documents, chosen.length)),
    beta: options.beta,
  })
  const fine = large.filter((_, at) => rates[at]! < 0.999)
  const values = await lineValues(documents, units, scores, fine, options)
  const { blocks, firstOf } = unitBlocks(documents, units, (index) => values.get(index), options)
  const kept = new Uint8Array(blocks.length)
  const blockValues = await valueBlocks(documents, units, blocks, fine, scores, options)
  for (const index of chosen) {
    const own = range(firstOf[index]!, firstOf[index + 1]!).filter((at) => blocks[at]!.unit === index)
    const rate = fine.includes(index) ? rates[large.indexOf(index)]! : 1
    const taken = rate >= 0.999 ? own : chooseBlocks(documents, units, blocks, own, blockValues, rate)
    for (const at of taken) for (let up = at; up >= 0; up = blocks[up]!.parent) kept[up] = 1
  }
  return { blocks, kept, values: trimValues(blocks, scores), fill: 'planned' }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index)
}

/** Each chosen unit can have a gap before it. */
function markerRoom(documents: readonly CodeDocument[], chosen: number): number {
  const marker = documents.reduce((most, document) => Math.max(most, document.markerTokens), 0)
  return marker * (chosen + 1)
}

/** Greedy by relevance; source order decides between equals. */
function chooseUnits(units: readonly DocumentUnit[], { scores }: UnitScores, room: number): number[] {
  const relevance = (index: number): number =>
    Number.isNaN(scores[index]!) ? Number.NEGATIVE_INFINITY : scores[index]!
  const order = units.map((_, index) => index).sort((a, b) => relevance(b) - relevance(a) || a - b)
  let left = room
  const fitting = order.filter((index) => {
    if (units[index]!.tokens > left) return false
    left -= units[index]!.tokens
    return true
  })
  // one unit larger than the budget must still reach the fine stage
  const chosen = fitting.length > 0 || order.length === 0 ? fitting : order.slice(0, 1)
  return chosen.sort((a, b) => a - b)
}

function visibleLines(documents: readonly CodeDocument[], { document, unit }: DocumentUnit): number {
  const { lines } = documents[document]!.outline
  let count = 0
  for (let line = unit.lines.from; line < unit.lines.to; line++) if (!isBlankLine(lines, line)) count++
  return count
}

/** Blocks of all units: perplexity blocks where line values are known, else the unit as one block. */
function unitBlocks(
  documents: readonly CodeDocument[],
  units: readonly DocumentUnit[],
  valuesOf: (unit: number) => Float64Array | undefined,
  options: ResolvedLongCodeZipOptions,
): { blocks: Block[]; firstOf: number[] } {
  const blocks: Block[] = []
  const firstOf: number[] = []
  let title = -1
  units.forEach(({ document, unit }, number) => {
    const owner = documents[document]!
    if (number === 0 || units[number - 1]!.document !== document) {
      title = -1
      if (owner.source.title !== '')
        title =
          blocks.push({ document, unit: -1, role: 'title', ranges: [], tokens: owner.titleTokens, parent: -1 }) - 1
    }
    firstOf.push(blocks.length)
    const { from } = unit.lines
    const values = valuesOf(number)
    const parts: LineRange[] = values
      ? spikeBlocks(values, options.spikes).map((part) => ({ from: from + part.from, to: from + part.to }))
      : [unit.lines]
    for (const [at, part] of parts.entries()) {
      const ranges = at === 0 && unit.closer ? [part, unit.closer] : [part]
      const tokens = ranges.reduce((sum, each) => sum + sumTokens(owner, each), 0)
      const isHeader = part.from < unit.header.to && part.to > unit.header.from
      blocks.push({ document, unit: number, role: isHeader ? 'header' : 'body', ranges, tokens, parent: title })
    }
  })
  firstOf.push(blocks.length)
  return { blocks, firstOf }
}

async function valueBlocks(
  documents: readonly CodeDocument[],
  units: readonly DocumentUnit[],
  blocks: readonly Block[],
  fine: readonly number[],
  { query, alone }: UnitScores,
  options: ResolvedLongCodeZipOptions,
): Promise<Float64Array> {
  const values = new Float64Array(blocks.length)
  const scored = blocks.flatMap((block, at) =>
    fine.includes(block.unit) && !isPreserved(documents, units, block) ? [at] : [],
  )
  if (query.length === 0 || scored.length === 0) return values
  const contexts = scored.map((at) => options.scorer.tokenizer.encode(blockText(documents, blocks[at]!)).ids)
  const { scores } = await rankContexts(withoutKeeping(options.scorer), query, contexts, {
    ...options,
    scale: 'perplexity',
    alone,
  })
  scored.forEach((at, index) => {
    values[at] = scores[index]!
  })
  return values
}

function blockText(documents: readonly CodeDocument[], block: Block): string {
  const { lines } = documents[block.document]!.outline
  return block.ranges.map((each) => lineText(lines, each.from, each.to)).join('')
}

/** Signatures, comments and return lines are kept before anything is chosen. */
function isPreserved(documents: readonly CodeDocument[], units: readonly DocumentUnit[], block: Block): boolean {
  if (block.role === 'header') return true
  const { outline } = documents[units[block.unit]!.document]!
  const { before } = commentSyntax(outline.language)
  const { from, to } = block.ranges[0]!
  for (let line = from; line < to; line++) {
    const text = lineText(outline.lines, line).trim()
    if (text === '') continue
    return (before !== '' && text.startsWith(before)) || /^return\b/.test(text)
  }
  return false
}

function chooseBlocks(
  documents: readonly CodeDocument[],
  units: readonly DocumentUnit[],
  blocks: readonly Block[],
  own: readonly number[],
  values: Float64Array,
  rate: number,
): number[] {
  const preserved = own.filter((at) => isPreserved(documents, units, blocks[at]!))
  const rest = own.filter((at) => !preserved.includes(at))
  const tokensOf = (list: readonly number[]): number => list.reduce((sum, at) => sum + blocks[at]!.tokens, 0)
  const capacity = Math.floor(tokensOf(own) * rate) - tokensOf(preserved)
  if (capacity <= 0) return preserved
  const normalised = minMax(rest.map((at) => values[at]!))
  const taken = knapsack(
    rest.map((at) => blocks[at]!.tokens),
    normalised,
    capacity,
  )
  return [...preserved, ...rest.filter((_, index) => taken[index] === 1)]
}

/** When markers push the text over the budget, blocks of the least relevant units go first. */
function trimValues(blocks: readonly Block[], { scores }: UnitScores): Float64Array {
  const known = minMax(scores.map((score) => (Number.isNaN(score) ? 0 : score)))
  return Float64Array.from(blocks, (block) => {
    if (block.unit < 0) return 0
    return block.tokens * (0.1 + known[block.unit]!) * (block.role === 'header' ? 2 : 1)
  })
}
