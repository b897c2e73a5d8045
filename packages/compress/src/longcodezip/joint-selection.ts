/**
 * @file One selection over the blocks of all units. Each block is worth its tokens times a density: relevance of its unit on a
 * log scale, times relevance of the block within the unit, times priors (signatures before bodies, definitions that the query
 * or a relevant unit names, words shared with the query). The best set that fits, with every signature kept before its body
 * and every file's title before its units, is found exactly (tree knapsack). Departs from the paper's per-unit budgets.
 */
import { type LineRange, lineText } from '../code/source-lines.ts'
import { type Block, buildBlocks, splitBySize } from '../documents/build-blocks.ts'
import type { CodeDocument, DocumentUnit } from '../documents/code-document.ts'
import type { Selection } from '../documents/selection.ts'
import { lexicalTerms } from '../score/lexical-relevance.ts'
import { treeKnapsack } from '../select/tree-knapsack.ts'
import { minMax } from './block-budget.ts'
import { lineValues } from './line-values.ts'
import type { ResolvedLongCodeZipOptions } from './options.ts'
import { rankContexts } from './rank-units.ts'
import type { UnitScores } from './score-units.ts'
import { spikeBlocks } from './split-blocks.ts'
import { unitDensities } from './unit-densities.ts'

/** The fine stage reads the most relevant units, so many budgets of them. */
const fineBudgets = 1.5
/** Bodies shorter than this are one block. */
const fewestBodyLines = 5
/** Worth of a token of a signature, and of a leading comment, to one of a body. */
const rolePriors = { title: 0, header: 2, comment: 0.7, body: 1 }

/** Selects jointly over all units. */
export async function selectJointly(
  documents: readonly CodeDocument[],
  units: readonly DocumentUnit[],
  scores: UnitScores,
  options: ResolvedLongCodeZipOptions,
): Promise<Selection> {
  const densities = unitDensities(units, scores)
  const { tokens } = options.budget
  const fine = fineUnits(units, densities, tokens)
  const values = await lineValues(documents, units, scores, fine, options)
  const longest = Math.max(16, Math.min(200, Math.floor(tokens / 6)))
  const blocks = buildBlocks(documents, units, (unit, body) => {
    const document = documents[units[unit]!.document]!
    const parts = perplexityParts(document, units[unit]!, body, values.get(unit), options)
    return parts.flatMap((part) => splitBySize(document, part, longest))
  })
  const factors = await blockFactors(documents, blocks, new Set(fine), scores, options)
  const worth = Float64Array.from(blocks, (block, at) => {
    if (block.unit < 0) return 0
    return block.tokens * densities[block.unit]! * rolePriors[block.role] * factors[at]!
  })
  const kept = treeKnapsack({
    weights: blocks.map((block) => block.tokens),
    values: worth,
    parents: blocks.map((block) => block.parent),
    capacity: plannedCapacity(documents, tokens),
  })
  return { blocks, kept, values: worth, fill: 'all' }
}

/** Leaves room for markers: about one for each 100 tokens of budget. Filling gives back what they do not take. */
function plannedCapacity(documents: readonly CodeDocument[], tokens: number): number {
  const marker = documents.reduce((most, document) => Math.max(most, document.markerTokens), 0)
  return Math.max(0, tokens - Math.ceil((tokens / 100) * marker))
}

function fineUnits(units: readonly DocumentUnit[], densities: Float64Array, budget: number): number[] {
  const order = units.map((_, index) => index).sort((a, b) => densities[b]! - densities[a]! || a - b)
  const chosen: number[] = []
  let left = fineBudgets * budget
  for (const index of order) {
    const { unit, tokens } = units[index]!
    if (left <= 0) break
    left -= tokens
    if (unit.lines.to - Math.max(unit.header.to, unit.lines.from) >= fewestBodyLines) chosen.push(index)
  }
  return chosen
}

/** Perplexity blocks of a body, their borders moved down to where a statement begins. */
function perplexityParts(
  { outline }: CodeDocument,
  { unit }: DocumentUnit,
  body: LineRange,
  values: Float64Array | undefined,
  options: ResolvedLongCodeZipOptions,
): LineRange[] {
  if (!values || body.to - body.from < fewestBodyLines) return [body]
  const first = unit.lines.from
  const own = values.subarray(body.from - first, body.to - first)
  const parts: LineRange[] = []
  let { from } = body
  for (const part of spikeBlocks(own, options.spikes)) {
    let to = body.from + part.to
    while (to < body.to && outline.borders[to] === 0) to++
    if (to <= from) continue
    parts.push({ from, to })
    from = to
  }
  if (from < body.to) parts.push({ from, to: body.to })
  return parts
}

/** How much more a block is worth than its unit's average, from 0.5 to 2. */
async function blockFactors(
  documents: readonly CodeDocument[],
  blocks: readonly Block[],
  fine: ReadonlySet<number>,
  { query, alone }: UnitScores,
  options: ResolvedLongCodeZipOptions,
): Promise<Float64Array> {
  const factors = new Float64Array(blocks.length).fill(1)
  const scored = blocks.flatMap(({ unit, role }, at) => (role === 'body' && fine.has(unit) ? [at] : []))
  if (query.length === 0 || scored.length === 0) return factors
  const texts = scored.map((at) => blockText(documents, blocks[at]!))
  const contexts = texts.map((text) => options.scorer.tokenizer.encode(text).ids)
  const { scores } = await rankContexts(options.scorer, query, contexts, { ...options, scale: 'log', alone })
  const wanted = new Set(lexicalTerms(options.scorer.tokenizer.decode(query)))
  const spread = minMax(scores)
  scored.forEach((at, index) => {
    factors[at] = 2 ** (2 * spread[index]! - 1) * (1 + 0.5 * sharedTerms(texts[index]!, wanted))
  })
  return factors
}

function sharedTerms(text: string, wanted: ReadonlySet<string>): number {
  if (wanted.size === 0) return 0
  const found = new Set(lexicalTerms(text).filter((term) => term.length > 2 && wanted.has(term)))
  return Math.min(1, found.size / 4)
}

function blockText(documents: readonly CodeDocument[], block: Block): string {
  const { lines } = documents[block.document]!.outline
  return block.ranges.map(({ from, to }) => lineText(lines, from, to)).join('')
}
