import type { CompressionResult } from '@lc/compress'
import type { ExplanationDocument } from './explanation-document.ts'

/** What `lc compress --json` prints. Offsets are UTF-16, half-open, in the source file. */
export interface CompressDocument {
  text: string
  /** Tokens of `text`; at most `budget`. */
  tokens: number
  /** Tokens of all files, rendered in the same way. */
  originalTokens: number
  budget: number
  units: CompressedUnitDocument[]
  seconds: number
  /** With `--explain`. */
  explanation?: ExplanationDocument
}

/** One function, class or other unit, and the ranges of it that were kept. */
interface CompressedUnitDocument {
  source: string
  start: number
  end: number
  name: string
  /** Relevance to the query, higher is better; null where it was not scored. */
  score: number | null
  tokens: number
  kept: [number, number][]
}

/** A compression as data. */
export function compressDocument(result: CompressionResult, seconds: number): CompressDocument {
  const { text, tokens, originalTokens, budget } = result
  const units = result.units.map(({ source, start, end, name, score, tokens, kept }) => ({
    source,
    start,
    end,
    name,
    score,
    tokens,
    kept: kept.map((span): [number, number] => [span.start, span.end]),
  }))
  return { text, tokens, originalTokens, budget, units, seconds }
}
