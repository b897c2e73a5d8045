import type { SpeculationReport } from '@lc/kv/speculation'
import type { CacheUse, FinishReason, GenerateResult } from '@lc/model'

/** What `lc generate --json` prints. */
export interface GenerateDocument {
  text: string
  /** Without the end token. */
  ids: number[]
  promptTokens: number
  finishReason: FinishReason
  /** With `--policy`. */
  cache?: CacheUse
  /** With `--speculate`. */
  speculation?: SpeculationReport
}

/** A result as a document. */
export function generateDocument(result: GenerateResult & { speculation?: SpeculationReport }): GenerateDocument {
  const { text, ids, usage, finishReason, cache, speculation } = result
  const { promptTokens } = usage
  const document = { text, ids: Array.from(ids ?? []), promptTokens, finishReason }
  return { ...document, ...(cache && { cache }), ...(speculation && { speculation }) }
}
