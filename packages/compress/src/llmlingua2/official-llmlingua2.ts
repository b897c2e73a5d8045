/**
 * @file LLMLingua-2 as its released program behaves (package `llmlingua` 0.2.2, its quirks included), for comparisons: a
 * threshold for each chunk, white space lost, chunks joined by nothing.
 */
import { checkArgument } from '@lc/model/check'
import { chunksOf, textOf, withoutStandIns, withStandIns } from './official-chunks.ts'
import {
  type OfficialCompression2,
  type OfficialLlmLingua2Options,
  type ResolvedOfficial2Options,
  resolveOfficial2Options,
} from './official-options.ts'
import { keepWords, percentile } from './official-threshold.ts'
import { meanFloat32, wordsOfChunks } from './official-words.ts'

/**
 * Compresses contexts as `PromptCompressor.compress_prompt` with `use_llmlingua2` does. The target is not a bound.
 * @throws InvalidArgumentError
 */
export async function officialLlmLingua2(
  contexts: readonly string[],
  options: OfficialLlmLingua2Options,
): Promise<OfficialCompression2> {
  for (const text of contexts) checkArgument(typeof text === 'string', 'contexts', text, 'strings')
  const resolved = resolveOfficial2Options(options)
  const { tokenizer } = resolved
  const originalTokens = contexts.reduce((sum, text) => sum + tokenizer.count(text), 0)
  const chunked = contexts.map((text) => chunksOf(withStandIns(text, resolved), resolved))
  const { kept, rate } = await chooseContexts(chunked, originalTokens, resolved)
  const reduceRate = resolved.filterTokens ? Math.max(0, 1 - rate) : 0
  const compressed = await compressChunks(kept, reduceRate, resolved)
  return {
    text: compressed.join('\n\n'),
    contexts: compressed,
    tokens: compressed.reduce((sum, text) => sum + tokenizer.count(text), 0),
    originalTokens,
    requestedRate: rate,
    tokenizer: tokenizer.id,
  }
}

interface ChosenContexts {
  kept: string[][]
  rate: number
}

async function chooseContexts(
  chunked: string[][],
  originalTokens: number,
  options: ResolvedOfficial2Options,
): Promise<ChosenContexts> {
  const { targetTokens, tokenizer, forcedContexts } = options
  if (!options.filterContexts || chunked.length < 2)
    return { kept: chunked, rate: targetTokens > 0 ? Math.min(targetTokens / originalTokens, 1) : options.rate }
  const share = shareOfContexts(chunked.length, originalTokens, options)
  const values = await contextProbabilities(chunked, options)
  const threshold = percentile({ values, percent: Math.trunc(100 * (1 - share)), float32: true })
  const kept = chunked.filter((_, index) => values[index]! >= threshold || forcedContexts.includes(index))
  const tokens = kept.flat().reduce((sum, chunk) => sum + tokenizer.count(chunk), 0)
  return { kept, rate: targetTokens >= 0 ? Math.min(targetTokens / tokens, 1) : options.rate }
}

/** The share of contexts that stay: as told, else half way to all, or so that twice the target stays. */
function shareOfContexts(count: number, originalTokens: number, options: ResolvedOfficial2Options): number {
  const { targetContexts, targetTokens, rate, filterTokens } = options
  let share = options.contextRate
  let target = options.contextTargetTokens
  if (targetContexts <= 0 && share >= 1 && target <= 0) {
    if (targetTokens < 0 && rate < 1) share = filterTokens ? (rate + 1) / 2 : rate
    if (targetTokens >= 0) target = filterTokens ? targetTokens * 2 : targetTokens
  }
  if (targetContexts >= 0) share = Math.min(targetContexts / count, 1)
  if (target >= 0) share = Math.min(target / originalTokens, 1)
  return share
}

/** Mean probability of the words of each context; 0 for one without words, at which that program fails. */
async function contextProbabilities(
  chunked: readonly string[][],
  options: ResolvedOfficial2Options,
): Promise<number[]> {
  const words = await wordsOfChunks(chunked.flat(), options)
  let first = 0
  return chunked.map(({ length }) => {
    const own = words.slice(first, first + length).flat()
    first += length
    return own.length > 0 ? meanFloat32(own.map(({ unforced }) => unforced)) : 0
  })
}

async function compressChunks(
  chunked: readonly string[][],
  reduceRate: number,
  options: ResolvedOfficial2Options,
): Promise<string[]> {
  if (reduceRate <= 0) return chunked.map((chunks) => chunks.map((chunk) => withoutStandIns(chunk, options)).join(''))
  const words = await wordsOfChunks(chunked.flat(), options)
  const texts = words.map((own) => textOf(keepWords(own, reduceRate, options), options))
  let first = 0
  return chunked.map(({ length }) => {
    const own = texts.slice(first, first + length)
    first += length
    return own.join('')
  })
}
