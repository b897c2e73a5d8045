import type { ContextState, JsonValue, Stage } from '@lc/model'
import type { CompressionResult } from '../compressor/compression-result.ts'
import { compressionStage } from '../compressor/compression-stage.ts'
import { compressResolved } from './compress-code.ts'
import { type LongCodeZipOptions, resolveLongCodeZipOptions } from './options.ts'

/**
 * LongCodeZip as a stage: compresses the passages of a context to a budget, for its query.
 * "LongCodeZip: Compress Long Context for Code Language Models" (ASE 2025, arXiv 2510.00446).
 */
export function longCodeZip(options: LongCodeZipOptions): Stage<ContextState, ContextState> {
  // wrong options fail here, not in the middle of a run; a run may bring the budget
  if (options.budget !== undefined) resolveLongCodeZipOptions(options)
  return compressionStage(
    'longcodezip',
    (state, run) => {
      const resolved = resolveLongCodeZipOptions({ ...options, signal: run.signal, onProgress: run.emit }, run.budget)
      return compressResolved(state.passages, state.query ?? '', resolved)
    },
    describe,
  )
}

function describe(result: CompressionResult): Record<string, JsonValue> {
  return { unitsKept: result.units.filter((unit) => unit.state !== 'dropped').length, units: result.units.length }
}
