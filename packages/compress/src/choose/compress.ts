import { type Accuracy, type CallOptions, estimateTokenizer, type Passage, type TokenBudget } from '@lc/model'
import type { CodeParsers } from '../code/code-parsers.ts'
import type { CompressionResult } from '../compressor/compression-result.ts'
import { resolveBudget } from '../compressor/resolve-budget.ts'
import { compressBySurprise } from '../llmlingua/llmlingua.ts'
import { compressForQuestion } from '../llmlingua/longllmlingua.ts'
import { compressByClassifier } from '../llmlingua2/llmlingua2.ts'
import { compressCode } from '../longcodezip/compress-code.ts'
import { compressWithoutModel } from '../no-model/no-model.ts'
import type { ProtectionOptions } from '../prose/protection.ts'
import { compressByAttention } from '../specpc/specpc.ts'
import { compressStructured, type Structure } from '../structured/compress-structured.ts'
import {
  type CompressionModel,
  chooseMethod,
  isAttender,
  isClassifier,
  isScorer,
  type MethodChoice,
} from './choose-method.ts'
import { compressSentences } from './compress-sentences.ts'
import { type ContentKind, kindOf } from './content-kind.ts'

/** Options of `compress`. */
export interface CompressOptions extends Omit<ProtectionOptions, 'undivided'>, CallOptions {
  /** Tokens at most; a number counts in the model's tokenizer, without a model in an estimate. */
  budget: number | TokenBudget
  /** What the passages are needed for. */
  query?: string | undefined
  /** A scorer (any local or served language model that gives log-probabilities), a token classifier, or a model that shows its attention. */
  model?: CompressionModel | undefined
  /** Arithmetic of a local scorer. Defaults to `'fast'`. */
  accuracy?: Accuracy | undefined
  /** Parsers of code; without them units are found by indentation. */
  parsers?: CodeParsers | undefined
}

/** A result, and which method gave it. */
export interface ChosenCompression extends CompressionResult {
  choice: MethodChoice
}

/**
 * Compresses passages to a budget by the method that suits them: LongCodeZip for code, LongLLMLingua for text and a question,
 * LLMLingua without one, LLMLingua-2 with a token classifier, SpecPC with a model that only attends. JSON, tables, and everything
 * without a model go by BM25: elements, rows, lines or sentences, so that JSON still parses and rows keep their header. JSON and
 * tables among prose are whole or absent.
 *
 * @throws InvalidArgumentError, BudgetTooSmallError
 * @example
 * ```ts
 * import { compress } from '@lc/compress'
 * import { makePassage } from '@lc/model'
 *
 * const notes = makePassage('The tower is red. It was built in 1852.', { uri: 'notes.md' })
 * const { text, choice } = await compress([notes], { budget: 8, query: 'When was it built?' })
 * console.log(text, choice.reason)
 * ```
 */
export async function compress(passages: readonly Passage[], options: CompressOptions): Promise<ChosenCompression> {
  const choice = chooseMethod(passages, options)
  const result = await compressBy(choice, passages, options)
  return { ...result, choice }
}

function compressBy(
  { method, content }: MethodChoice,
  passages: readonly Passage[],
  options: CompressOptions,
): Promise<CompressionResult> {
  const { model, query, parsers, signal, onProgress, protect, protectedKinds, forcedPhrases } = options
  const budget = resolveBudget(options.budget, model?.tokenizer ?? estimateTokenizer())
  const call = { budget, signal, onProgress, protect, protectedKinds, forcedPhrases, undivided: formed(passages) }
  if (isScorer(model)) {
    const scored = { ...call, scorer: model, accuracy: options.accuracy }
    if (method === 'longcodezip') return compressCode(passages, { ...scored, query, parsers })
    if (method === 'longllmlingua') return compressForQuestion(passages, { ...scored, query })
    if (method === 'llmlingua') return compressBySurprise(passages, scored)
  }
  if (method === 'llmlingua2' && isClassifier(model))
    return compressByClassifier(passages, { ...call, classifier: model, query })
  if (method === 'specpc' && isAttender(model))
    return compressByAttention(passages, { ...call, attender: model, query })
  if (content === 'json' || content === 'table' || content === 'chat') {
    const structureOf = ({ text, source }: Passage) => structureOfKind(kindOf(text, source.uri))
    return compressStructured(passages, { ...call, query: query ?? '', method: `no-model/${content}`, structureOf })
  }
  if (content === 'prose') return compressSentences(passages, { ...call, query: query ?? '' })
  return compressWithoutModel(passages, { ...call, query, parsers })
}

/** Among text whose words can go, JSON and tables are whole or absent. */
function formed(passages: readonly Passage[]): (text: string) => boolean {
  const kinds = passages.map(({ text, source }) => kindOf(text, source.uri))
  const whole = new Set(passages.filter((_, index) => /^(json|table)$/.test(kinds[index]!)).map(({ text }) => text))
  return (text) => whole.has(text)
}

function structureOfKind(kind: ContentKind): Structure {
  return kind === 'code' || kind === 'prose' ? 'text' : kind
}
