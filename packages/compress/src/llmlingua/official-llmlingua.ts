/**
 * @file LLMLingua and LongLLMLingua as their released program behaves (package `llmlingua` 0.2.2, its quirks included), for
 * comparisons. Against losses of the same model the text is the same, token for token.
 */
import { checkArgument } from '@lc/model/check'
import { ContextLengthError } from '@lc/model/errors'
import { chooseContexts, chooseSentences, type OfficialContexts } from './official-choice.ts'
import {
  type OfficialCompression,
  type OfficialLlmLinguaOptions,
  type ResolvedOfficialOptions,
  resolveOfficialOptions,
} from './official-options.ts'
import { joinRuns, type RateRun, readParts, type StructuredPart } from './official-structure.ts'
import { chooseTokens } from './official-tokens.ts'
import { plainWindows, structuredWindows, type TokenRun } from './official-windows.ts'

/** Tokens of a question that is too long which are kept from its beginning. */
const questionHead = 100
const blankLine = '\n\n'

/**
 * Compresses contexts as `PromptCompressor.compress_prompt` and `structured_compress_prompt` do. The target is not a bound: the
 * program keeps fewer or more, and never drops a token of the last window that is not full.
 * @throws InvalidArgumentError, ContextLengthError for more tokens than the model reads at once
 */
export async function officialLlmLingua(
  contexts: readonly string[],
  options: OfficialLlmLinguaOptions,
): Promise<OfficialCompression> {
  const resolved = resolveOfficialOptions(options)
  const given = contexts.length > 0 ? [...contexts] : [' ']
  for (const text of given) checkArgument(typeof text === 'string', 'contexts', text, 'strings')
  const { question, instruction, tokenizer } = resolved
  const target = targetOf(given, resolved)
  const start = readContexts(given, target, resolved)
  const originalTokens = tokenizer.count([instruction, ...start.texts, question].join(blankLine).trim())
  const compressed = await compressContexts(start, target, resolved)
  const text = [instruction, compressed.trim() === '' ? '' : compressed, resolved.appendQuestion ? question : '']
    .filter((part) => part !== '')
    .join(blankLine)
  return {
    text,
    tokens: tokenizer.count(text),
    originalTokens,
    requestedTokens: target,
    tokenizer: tokenizer.id,
  }
}

function lengthOf(text: string, { scorer }: ResolvedOfficialOptions): number {
  return scorer.tokenizer.encode(text, { special: 'model' }).ids.length
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** Tokens wanted of the contexts: tags count as text, instruction and question are taken off. */
function targetOf(contexts: readonly string[], options: ResolvedOfficialOptions): number {
  if (options.targetTokens !== undefined) return options.targetTokens
  const instruction = lengthOf(options.instruction, options)
  const question = lengthOf(options.question, options)
  const all = instruction + question + sum(contexts.map((text) => lengthOf(text, options)))
  return all * options.rate - instruction - (options.appendQuestion ? question : 0)
}

function readContexts(given: readonly string[], target: number, options: ResolvedOfficialOptions): OfficialContexts {
  const offsets = given.map(() => 0)
  if (!options.structured) return { texts: [...given], parts: undefined, offsets }
  const all = sum(given.map((text) => lengthOf(text, options)))
  const rate = options.targetTokens === undefined ? options.rate : target / all
  checkArgument(rate <= 1, 'targetTokens', options.targetTokens, `at most the ${all} tokens of the contexts`)
  const parts = given.map((text) => readParts(text, rate))
  return { texts: parts.map((own) => own.map(({ text }) => text).join('')), parts, offsets }
}

async function compressContexts(
  start: OfficialContexts,
  target: number,
  options: ResolvedOfficialOptions,
): Promise<string> {
  const lengths = start.texts.map((text) => lengthOf(text, options))
  const chosen =
    start.texts.length > 1 && options.filterContexts ? await chooseContexts(start, lengths, target, options) : start
  const { texts, runs } = options.filterSentences
    ? await chooseSentences(chosen, target, options)
    : { texts: chosen.texts, runs: chosen.parts?.map(runsOf) }
  if (!options.filterTokens) return texts.join(blankLine)
  const { ids, first } = readTokens(texts, options)
  const { windowTokens: limit, scorer } = options
  if (ids.length > limit) throw new ContextLengthError({ tokens: ids.length, limit, model: scorer.id ?? 'the scorer' })
  const windows = runs
    ? windowsOfRuns(texts, runs, ids.slice(first), options)
    : windowsOfTexts(texts, chosen.offsets, target, options)
  const kept = await chooseTokens({ ids, start: first, windows }, options)
  return scorer.tokenizer.decode(kept, { special: 'keep' }).replaceAll('<s> ', '').replaceAll('<s>', '')
}

function runsOf(parts: readonly StructuredPart[]): RateRun[] {
  return parts.map(({ text, rate, compress }) => ({ length: text.length, rate, compress }))
}

/** All tokens that are read, and the place of the first that can be dropped. */
function readTokens(texts: readonly string[], options: ResolvedOfficialOptions): { ids: number[]; first: number } {
  const { tokenizer } = options.scorer
  const encode = (text: string): number[] => Array.from(tokenizer.encode(text).ids)
  if (!options.questionFirst) return { ids: encode(texts.join(blankLine)), first: 0 }
  const prefix = shortenPrefix(options)
  const ids = encode([prefix, ...texts].join(blankLine))
  const before = `${prefix}${blankLine}`
  const head = encode(before + texts[0]!.slice(0, 100))
  const lengthBefore = (count: number): number => tokenizer.decode(head.slice(0, count), { special: 'keep' }).length
  let first = Math.max(encode(before).length - 3, 1)
  // where no token begins with the text, that program fails; here the first token after it counts
  while (first < head.length && lengthBefore(first) < before.length) first++
  return { ids, first: Math.min(first, ids.length) }
}

/** The question before the text; of one too long for the model a piece of the middle goes. */
function shortenPrefix(options: ResolvedOfficialOptions): string {
  const { question, instruction, windowTokens, segmentTokens } = options
  const { tokenizer } = options.scorer
  const prefix = options.instructionFirst ? `${question}${blankLine}${instruction}` : question
  if (lengthOf(`${prefix}${blankLine}`, options) + segmentTokens * 2 <= windowTokens) return prefix
  const ids = Array.from(tokenizer.encode(prefix).ids)
  const tail = ids.length - windowTokens + 2 + questionHead + 2 * segmentTokens
  return tokenizer.decode([...ids.slice(0, questionHead), ...ids.slice(tail)], { special: 'keep' })
}

function windowsOfTexts(
  texts: readonly string[],
  offsets: readonly number[],
  target: number,
  { scorer, segmentTokens }: ResolvedOfficialOptions,
): TokenRun[][] {
  const lengths = texts.map((text) => scorer.tokenizer.count(text) + 2)
  return plainWindows({ lengths, target, offsets, size: segmentTokens })
}

function windowsOfRuns(
  texts: readonly string[],
  runs: readonly (readonly RateRun[])[],
  ids: readonly number[],
  { scorer, segmentTokens }: ResolvedOfficialOptions,
): TokenRun[][] {
  const all = texts.flatMap((_, index) => {
    const own = joinRuns(runs[index]!)
    const last = own.at(-1)
    if (last && index < texts.length - 1) last.length += blankLine.length
    return own
  })
  return structuredWindows({ ids, runs: all, size: segmentTokens, tokenizer: scorer.tokenizer })
}
