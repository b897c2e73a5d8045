import type { CallOptions, ContextState, Passage, Stage } from '@lc/model'
import type { CompressionResult } from '../compressor/compression-result.ts'
import { compressionStage } from '../compressor/compression-stage.ts'
import { compressDocuments } from '../documents/compress-documents.ts'
import { selectByRank, selectEnds } from './choose-by-rank.ts'
import { type NoModelOptions, type ResolvedNoModelOptions, resolveNoModelOptions } from './options.ts'
import { relevanceOfTexts } from './relevance.ts'

/** Options of `compressWithoutModel`. */
export interface CompressWithoutModelOptions extends NoModelOptions, CallOptions {
  /** What the text is needed for. Without one all units are equal and the first come first. */
  query?: string | undefined
}

/**
 * Compresses passages to a budget without a language model: the baselines that every other method has to beat.
 * @throws InvalidArgumentError
 */
export async function compressWithoutModel(
  passages: readonly Passage[],
  options: CompressWithoutModelOptions,
): Promise<CompressionResult> {
  return compressResolved(passages, options.query ?? '', resolveNoModelOptions(options))
}

/** The same as a stage. */
export function noModel(options: NoModelOptions = {}): Stage<ContextState, ContextState> {
  if (options.budget !== undefined) resolveNoModelOptions(options)
  return compressionStage('no-model', (state, run) => {
    const resolved = resolveNoModelOptions({ ...options, signal: run.signal, onProgress: run.emit }, run.budget)
    return compressResolved(state.passages, state.query ?? '', resolved)
  })
}

function nameOf({ ranker }: ResolvedNoModelOptions): string {
  if (typeof ranker === 'string') return `no-model/${ranker}`
  return 'embedder' in ranker ? 'no-model/embedding' : 'no-model/reranker'
}

async function compressResolved(
  passages: readonly Passage[],
  query: string,
  options: ResolvedNoModelOptions,
): Promise<CompressionResult> {
  const { ranker, headShare, signal, onProgress } = options
  const { tokens } = options.budget
  return compressDocuments(passages, {
    ...options,
    method: nameOf(options),
    choose: async (documents, units, clock) => {
      if (ranker === 'head-tail') {
        const scores = new Float64Array(units.length).fill(Number.NaN)
        return { selection: selectEnds(documents, units, tokens, headShare), scores, warnings: [] }
      }
      const texts = units.map((unit) => unit.text)
      const scores = await clock.time('rank', () => relevanceOfTexts(ranker, query, texts, { signal, onProgress }))
      const selection = await clock.time('select', () => selectByRank(documents, units, scores, tokens))
      return { selection, scores, warnings: [] }
    },
  })
}
