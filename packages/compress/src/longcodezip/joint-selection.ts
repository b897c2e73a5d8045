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
import { withoutKeeping } from '../prepared/cached-scorer.ts'
import { lexicalTerms } from '../score/lexical-relevance.ts'
import { treeKnapsack } from '../select/tree-knapsack.ts'
import { minMax } from './block-budget.ts'
import { lineValues } from './line-values.ts'
import type { ResolvedLongCodeZipOptions } from './options.ts'
import { rankContexts } from './rank-units.ts'
import type { UnitScores } from './score-units.ts'
import { spikeBlocks } from './split-blocks.ts'
import { unitDensities } from './unit-densities.ts'
import { blockFactorRange, canBeCut, fewestBodyLines, unitsAtStake } from './units-at-stake.ts'

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
  const fine = unitsAtStake(units, densities, tokens).filter((index) => canBeCut(units[index]!))
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

/** How much more a block is worth than its unit's average, within `blockFactorRange`; 1 for blocks of units that are not at stake. */
async function blockFactors(
  documents: readonly CodeDocument[],
  blocks: readonly Block[],
  fine: ReadonlySet<number>,
  { query, alone, scores }: UnitScores,
  options: ResolvedLongCodeZipOptions,
): Promise<Float64Array> {
  const factors = new Float64Array(blocks.length).fill(1)
  const bodies = blocks.flatMap(({ unit, role }, at) => (role === 'body' && fine.has(unit) ? [at] : []))
  if (query.length === 0 || bodies.length === 0) return factors
  const { tokenizer } = options.scorer
  const texts = bodies.map((at) => blockText(documents, blocks[at]!))
  const bodiesOf = countBy(bodies, (at) => blocks[at]!.unit)
  // a body in one piece was read with its unit
  const isRead = (at: number): boolean =>
    bodiesOf.get(blocks[at]!.unit) === 1 && !Number.isNaN(scores[blocks[at]!.unit]!)
  const contexts = bodies.flatMap((at, index) => (isRead(at) ? [] : [tokenizer.encode(texts[index]!).ids]))
  const ranked = await rankContexts(withoutKeeping(options.scorer), query, contexts, {
    ...options,
    scale: 'log',
    alone,
  })
  let next = 0
  const relevance = bodies.map((at) => (isRead(at) ? scores[blocks[at]!.unit]! : ranked.scores[next++]!))
  const wanted = new Set(lexicalTerms(tokenizer.decode(query)))
  const { least, most } = blockFactorRange
  minMax(relevance).forEach((share, index) => {
    const shared = 1 + blockFactorRange.sharedTerms * sharedTerms(texts[index]!, wanted)
    factors[bodies[index]!] = least * (most / least) ** share * shared
  })
  return factors
}

function countBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, number> {
  const counts = new Map<K, number>()
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1)
  return counts
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
