/**
 * @file LongLLMLingua (Jiang et al., "LongLLMLingua: Accelerating and Enhancing LLMs in Long Context Scenarios via Prompt
 * Compression", ACL 2024): passages by how well they predict the question, best first; words by how much the question explains
 * them; more of the better passages.
 */
import type { CallOptions, ContextState, Passage, Stage } from '@lc/model'
import { compressPieces, type PieceChoice } from '../compressor/compress-pieces.ts'
import type { CompressionResult } from '../compressor/compression-result.ts'
import { compressionStage } from '../compressor/compression-stage.ts'
import { conditionalNll } from '../score/conditional-nll.ts'
import { startIds } from '../score/text-nll.ts'
import { choosePassages, dynamicRatios } from './budget-controller.ts'
import { finePassages, piecesOfDropped, toPieces } from './fine-passages.ts'
import { valueWords } from './iterative-words.ts'
import { type LongLlmLinguaOptions, type ResolvedLongLlmLinguaOptions, resolveLongLlmLinguaOptions } from './options.ts'
import { orderPassages } from './reorder.ts'

/** Options of `compressForQuestion`. */
export interface CompressForQuestionOptions extends LongLlmLinguaOptions, CallOptions {
  /** Without a question this is LLMLingua in the order given. */
  query?: string | undefined
}

/**
 * Compresses passages for a question by LongLLMLingua.
 * @throws InvalidArgumentError, BudgetTooSmallError
 */
export async function compressForQuestion(
  passages: readonly Passage[],
  options: CompressForQuestionOptions,
): Promise<CompressionResult> {
  return compressResolved(passages, options.query ?? '', resolveLongLlmLinguaOptions(options))
}

/** The same as a stage, for the query of its context. */
export function longLlmLingua(options: LongLlmLinguaOptions): Stage<ContextState, ContextState> {
  if (options.budget !== undefined) resolveLongLlmLinguaOptions(options)
  return compressionStage('longllmlingua', (state, run) =>
    compressResolved(
      state.passages,
      state.query ?? '',
      resolveLongLlmLinguaOptions({ ...options, signal: run.signal, onProgress: run.emit }, run.budget),
    ),
  )
}

function compressResolved(
  passages: readonly Passage[],
  query: string,
  options: ResolvedLongLlmLinguaOptions,
): Promise<CompressionResult> {
  return compressPieces(passages, {
    budget: options.budget,
    method: 'longllmlingua',
    protect: options.protection.protect,
    signal: options.signal,
    choose: async (clock): Promise<PieceChoice> => {
      const { tokenizer, tokens: budget } = options.budget
      const tokens = passages.map(({ text }) => tokenizer.count(text))
      const warnings: string[] = []
      const ranking = await clock.time('rank', () => rankForQuestion(passages, query, options, warnings))
      const chosen = choosePassages(ranking, tokens, options.granularity * budget)
      const spread = query === '' ? 0 : options.dynamicRatio
      const ratios = dynamicRatios({ tokens: chosen.map((index) => tokens[index]!), target: budget, spread })
      const order = query === '' ? [...chosen].sort((a, b) => a - b) : orderPassages(chosen, options.order)
      const fine = finePassages(passages, order, ratiosInOrder(chosen, ratios, order), options)
      const question = query === '' ? new Uint32Array() : options.scorer.tokenizer.encode(`${query}\n`).ids
      const valued = await clock.time('score', () => valueWords({ passages: fine, question }, options))
      const taken = new Set(chosen)
      const dropped = ranking.filter((index) => !taken.has(index))
      const pieces = [...toPieces(fine, valued), ...piecesOfDropped(passages, dropped, options)]
      return { pieces, order: [...order, ...dropped], warnings }
    },
  })
}

function ratiosInOrder(chosen: readonly number[], ratios: Float64Array, order: readonly number[]): number[] {
  return order.map((index) => ratios[chosen.indexOf(index)]!)
}

/** The passage after which the question is least surprising first. */
async function rankForQuestion(
  passages: readonly Passage[],
  query: string,
  options: ResolvedLongLlmLinguaOptions,
  warnings: string[],
): Promise<number[]> {
  const indices = passages.map((_, index) => index)
  if (query === '' || passages.length < 2) return indices
  const { scorer } = options
  const { ids } = scorer.tokenizer.encode(`${query} ${options.restriction}`)
  const room = Math.max(8, Math.floor(Math.min(scorer.contextLength ?? options.windowTokens, options.windowTokens) / 2))
  if (ids.length > room)
    warnings.push(`the question has ${ids.length} tokens; passages are ranked with its last ${room}`)
  const { given } = await conditionalNll(
    scorer,
    {
      query: ids.slice(Math.max(0, ids.length - room)),
      contexts: passages.map(({ text }) => scorer.tokenizer.encode(text).ids),
      separator: scorer.tokenizer.encode('\n').ids.length > 0 ? scorer.tokenizer.encode('\n').ids : startIds(scorer),
    },
    options,
  )
  return indices.sort((a, b) => given[a]! - given[b]! || a - b)
}
