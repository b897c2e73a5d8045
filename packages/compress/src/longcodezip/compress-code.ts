/** @file LongCodeZip on passages: rank units, then select blocks of them. */
import type { CallOptions, Passage } from '@lc/model'
import type { CompressionResult } from '../compressor/compression-result.ts'
import type { DocumentUnit } from '../documents/code-document.ts'
import { compressDocuments } from '../documents/compress-documents.ts'
import { keepsContexts } from '../prepared/cached-scorer.ts'
import { selectJointly } from './joint-selection.ts'
import { type LongCodeZipOptions, type ResolvedLongCodeZipOptions, resolveLongCodeZipOptions } from './options.ts'
import { selectAsPaper } from './paper-selection.ts'
import { scoreUnits } from './score-units.ts'
import { canBeCut } from './units-at-stake.ts'

/** Options of `compressCode`. */
export interface CompressCodeOptions extends LongCodeZipOptions, CallOptions {
  /** What the code is needed for: a question, or the code before the cursor. Without one nothing is ranked and the start of each file comes first. */
  query?: string | undefined
}

/**
 * Compresses passages of code to a budget: whole lines are kept or left out, most relevant to the query first.
 * @throws InvalidArgumentError
 */
export async function compressCode(
  passages: readonly Passage[],
  options: CompressCodeOptions,
): Promise<CompressionResult> {
  return compressResolved(passages, options.query ?? '', resolveLongCodeZipOptions(options))
}

/** `compressCode` after its options are checked. */
export async function compressResolved(
  passages: readonly Passage[],
  query: string,
  options: ResolvedLongCodeZipOptions,
): Promise<CompressionResult> {
  const joint = options.mode === 'joint'
  return compressDocuments(passages, {
    ...options,
    method: `longcodezip/${options.mode}`,
    choose: async (documents, units, clock) => {
      // kept contexts answer the next query too; a pass over context and query as one text answers only this one
      const onePass = joint && isSmall(units, options.budget.tokens) && !keepsContexts(options.scorer)
      const wantsTokens = onePass ? canBeCut : undefined
      const scores = await clock.time('rank', () =>
        scoreUnits({ units, query, scale: joint ? 'log' : 'perplexity', wantsTokens }, options),
      )
      const select = joint ? selectJointly : selectAsPaper
      const selection = await clock.time('select', () => select(documents, units, scores, options))
      return { selection, scores: scores.scores, warnings: scores.warnings }
    },
  })
}

/** One pass for ranks and lines pays off while the fine stage would read much of the input again. */
function isSmall(units: readonly DocumentUnit[], budget: number): boolean {
  return units.reduce((sum, unit) => sum + unit.tokens, 0) <= 5 * budget
}
