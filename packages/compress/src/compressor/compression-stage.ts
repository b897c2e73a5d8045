/** @file Any compressor as a stage: passages in, fewer and shorter passages out, with events and a report. */
import { type ContextState, defineStage, type JsonValue, type RunContext, type Stage } from '@lc/model'
import type { CompressionResult } from './compression-result.ts'

/**
 * Makes a stage of a function that compresses the passages of a context.
 * @param detail what the report says besides tokens, ratio, timings and warnings
 */
export function compressionStage(
  stageName: string,
  compress: (state: ContextState, run: RunContext) => Promise<CompressionResult>,
  detail: (result: CompressionResult) => Record<string, JsonValue> = () => ({}),
): Stage<ContextState, ContextState> {
  return defineStage(stageName, async (state: ContextState, run) => {
    const result = await compress(state, run)
    announce(stageName, state, result, run)
    const report = {
      stage: stageName,
      ms: result.seconds * 1000,
      detail: {
        method: result.method,
        tokens: result.tokens,
        originalTokens: result.originalTokens,
        budget: result.budget,
        tokenizer: result.tokenizer,
        ratio: result.originalTokens > 0 ? result.tokens / result.originalTokens : 1,
        timings: result.timings,
        warnings: result.warnings,
        ...detail(result),
      },
    }
    return { ...state, passages: result.passages, reports: [...state.reports, report] }
  })
}

function announce(stage: string, state: ContextState, result: CompressionResult, run: RunContext): void {
  const kept = new Map(result.passages.map((passage) => [passage.id, passage]))
  for (const { id, source } of state.passages) {
    const passage = kept.get(id)
    if (passage)
      run.emit({
        type: 'passage-kept',
        stage,
        id,
        source,
        ...(passage.tokens === undefined ? {} : { tokens: passage.tokens }),
      })
    else run.emit({ type: 'passage-dropped', stage, id, source, reason: 'over the budget' })
  }
}
