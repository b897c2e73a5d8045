import type { CompressionResult, Explanation, ProtectedText } from '@lc/compress'

/** What `lc compress --explain --json` adds; the scores of units are in `units`. */
export interface ExplanationDocument {
  method: string
  /** Why this method. */
  reason: string
  keptUnits: number
  droppedUnits: number
  /** Tokens of the dropped units. */
  droppedTokens: number
  /** Protected text, and whether it is still there. */
  protected: Pick<ProtectedText, 'kind' | 'source' | 'start' | 'end' | 'text' | 'kept'>[]
  /** Seconds of each step. */
  timings: Record<string, number>
  warnings: string[]
}

/** An account as data. */
export function explanationDocument(
  explanation: Explanation,
  { reason, result }: { reason: string; result: CompressionResult },
): ExplanationDocument {
  return {
    method: explanation.method,
    reason,
    keptUnits: explanation.kept.length,
    droppedUnits: explanation.dropped.length,
    droppedTokens: explanation.dropped.reduce((sum, unit) => sum + unit.tokens, 0),
    protected: explanation.protected.map(({ kind, source, start, end, text, kept }) => ({
      kind,
      source,
      start,
      end,
      text,
      kept,
    })),
    timings: result.timings,
    warnings: result.warnings,
  }
}
