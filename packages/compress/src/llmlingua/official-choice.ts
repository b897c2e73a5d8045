/** @file Which contexts and which sentences stay before tokens are looked at. */
import type { ResolvedOfficialOptions } from './official-options.ts'
import { type RateRun, runsOfSentences, type StructuredPart } from './official-structure.ts'
import { rankContexts, rankSentences } from './official-surprise.ts'

/** Contexts on their way: `parts` only where they are structured. */
export interface OfficialContexts {
  texts: string[]
  parts: StructuredPart[][] | undefined
  /** Added to the rate of each context. */
  offsets: number[]
}

/** Takes contexts in rank order until the budget is passed, that which passes it included. */
export async function chooseContexts(
  { texts, parts }: OfficialContexts,
  lengths: readonly number[],
  target: number,
  options: ResolvedOfficialOptions,
): Promise<OfficialContexts> {
  const ranking = await rankContexts(texts, options)
  const used = [...options.forcedContexts]
  if (parts && options.preserveUncompressed)
    parts.forEach((own, index) => {
      if (own.some(({ compress }) => !compress) && !used.includes(index)) used.push(index)
    })
  let left = (target < 0 ? 100 : target) + options.contextBudget
  for (const index of ranking) {
    left -= lengths[index]!
    if (!used.includes(index)) used.push(index)
    if (left < 0) break
  }
  const places = reorder(used, options.order).filter((index) => index < texts.length)
  const spread = rankOffsets(used.length, options.dynamicRatio)
  return {
    texts: places.map((index) => texts[index]!),
    parts: parts && places.map((index) => parts[index]!),
    offsets: places.map((index) => spread[used.indexOf(index)]!),
  }
}

function reorder(used: readonly number[], order: ResolvedOfficialOptions['order']): number[] {
  if (order === 'original') return [...used].sort((a, b) => a - b)
  if (order === 'rank') return [...used]
  const even = used.filter((_, place) => place % 2 === 0)
  const odd = used.filter((_, place) => place % 2 === 1)
  return [...even, ...odd.reverse()]
}

/** From +spread for the first to -spread for the last. */
function rankOffsets(count: number, spread: number): number[] {
  return Array.from({ length: count }, (_, rank) =>
    spread > 0 && count > 1 ? (count - 1 - 2 * rank) * (spread / (count - 1)) : 0,
  )
}

/** Takes sentences in rank order until 1.4 times the target is passed. */
export async function chooseSentences(
  contexts: OfficialContexts,
  target: number,
  options: ResolvedOfficialOptions,
): Promise<{ texts: string[]; runs: RateRun[][] | undefined }> {
  const groups = contexts.texts.map((text) => withGaps(text, options.splitSentences(text)))
  const { parts } = contexts
  const runs = parts && groups.flatMap((sentences, index) => runsOfSentences(sentences, parts[index]!))
  const sentences = groups.flat()
  if (sentences.length === 1) return { texts: contexts.texts, runs: runs && [runs[0]!] }
  const ranking = await rankSentences(groups, options)
  const kept = new Uint8Array(sentences.length)
  let left = (target < 0 ? 100 : target) * options.sentenceBudgetRatio
  for (const index of ranking) {
    left -= options.scorer.tokenizer.encode(sentences[index]!, { special: 'model' }).ids.length
    kept[index] = 1
    if (left < 0) break
  }
  runs?.forEach((own, index) => {
    if (own.some(({ compress }) => !compress)) kept[index] = 1
  })
  let first = 0
  const keptIndices = groups.map(({ length }) => {
    const own = Array.from({ length }, (_, at) => first + at).filter((index) => kept[index])
    first += length
    return own
  })
  return {
    texts: keptIndices.map((own) => own.map((index) => sentences[index]!).join('')),
    runs: runs && keptIndices.map((own) => own.flatMap((index) => runs[index]!)),
  }
}

/** Sentences that cover the text: each with the white space before the next. */
function withGaps(text: string, sentences: readonly string[]): string[] {
  let from = 0
  return sentences.map((sentence, at) => {
    const next = sentences[at + 1]
    const to = next === undefined ? text.length : text.indexOf(next.slice(0, 5), from + sentence.length)
    const covered = text.slice(from, to < 0 ? text.length : to)
    from += covered.length
    return covered
  })
}
