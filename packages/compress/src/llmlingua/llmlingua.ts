/**
 * @file LLMLingua (Jiang et al., "LLMLingua: Compressing Prompts for Accelerated Inference of Large Language Models", EMNLP
 * 2023): passages by their perplexity, then words by their surprise. Not aware of any query.
 */
import type { CallOptions, ContextState, Passage, Stage } from '@lc/model'
import { compressPieces, type PieceChoice } from '../compressor/compress-pieces.ts'
import type { CompressionResult } from '../compressor/compression-result.ts'
import { compressionStage } from '../compressor/compression-stage.ts'
import { textNlls } from '../score/text-nll.ts'
import { meanNll } from '../score/token-nll.ts'
import { choosePassages, dynamicRatios } from './budget-controller.ts'
import { finePassages, piecesOfDropped, toPieces } from './fine-passages.ts'
import { valueWords } from './iterative-words.ts'
import { type LlmLinguaOptions, type ResolvedLlmLinguaOptions, resolveLlmLinguaOptions } from './options.ts'

/**
 * Compresses passages by LLMLingua.
 * @throws InvalidArgumentError, BudgetTooSmallError
 */
export async function compressBySurprise(
  passages: readonly Passage[],
  options: LlmLinguaOptions & CallOptions,
): Promise<CompressionResult> {
  return compressResolved(passages, resolveLlmLinguaOptions(options))
}

/** The same as a stage. */
export function llmLingua(options: LlmLinguaOptions): Stage<ContextState, ContextState> {
  if (options.budget !== undefined) resolveLlmLinguaOptions(options)
  return compressionStage('llmlingua', (state, run) =>
    compressResolved(
      state.passages,
      resolveLlmLinguaOptions({ ...options, signal: run.signal, onProgress: run.emit }, run.budget),
    ),
  )
}

function compressResolved(passages: readonly Passage[], options: ResolvedLlmLinguaOptions): Promise<CompressionResult> {
  return compressPieces(passages, {
    budget: options.budget,
    method: 'llmlingua',
    protect: options.protection.protect,
    signal: options.signal,
    choose: async (clock): Promise<PieceChoice> => {
      const { tokenizer, tokens: budget } = options.budget
      const tokens = passages.map(({ text }) => tokenizer.count(text))
      const ranking = await clock.time('rank', () => rankByPerplexity(passages, options))
      const chosen = choosePassages(ranking, tokens, options.granularity * budget).sort((a, b) => a - b)
      const ratios = dynamicRatios({ tokens: chosen.map((index) => tokens[index]!), target: budget, spread: 0 })
      const fine = finePassages(passages, chosen, ratios, options)
      const question = new Uint32Array()
      const valued = await clock.time('score', () => valueWords({ passages: fine, question }, options))
      const taken = new Set(chosen)
      const dropped = ranking.filter((index) => !taken.has(index))
      const pieces = [...toPieces(fine, valued), ...piecesOfDropped(passages, dropped, options)]
      return { pieces, warnings: [] }
    },
  })
}

/** The most surprising passage first; the order given when there is only one. */
async function rankByPerplexity(passages: readonly Passage[], options: ResolvedLlmLinguaOptions): Promise<number[]> {
  const indices = passages.map((_, index) => index)
  if (passages.length < 2) return indices
  const read = await textNlls(
    options.scorer,
    passages.map((passage) => passage.text),
    options,
  )
  const means = read.map(({ nlls }) => meanNll(nlls.map((nll) => -nll)))
  return indices.sort((a, b) => (means[b]! || 0) - (means[a]! || 0) || a - b)
}
