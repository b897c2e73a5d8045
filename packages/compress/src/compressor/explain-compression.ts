/** @file What a result does not say by itself: what was protected and what became of it, and totals of what was dropped. */
import type { Passage, Span } from '@lc/model'
import { type ProtectedKind, protectedSpans } from '../prose/protected-spans.ts'
import {
  lineProtectionDefaults,
  type ProtectionOptions,
  protectionDefaults,
  resolveProtection,
} from '../prose/protection.ts'
import type { CompressedUnit, CompressionResult } from './compression-result.ts'

/** Protected text and whether all of it was kept. */
export interface ProtectedText extends Span {
  kind: ProtectedKind
  passageId: string
  /** The passage's source address. */
  source: string
  text: string
  kept: boolean
}

/** An account of a compression, besides the units of its result. */
export interface Explanation {
  method: string
  /** Units of which something was kept, and the others, most relevant first; without a score last. */
  kept: CompressedUnit[]
  dropped: CompressedUnit[]
  /** In the order of the passages. What stands in another protected text is not listed twice. */
  protected: ProtectedText[]
}

/**
 * Accounts for a compression.
 * @param options the protection that was asked for; by default that of the method
 * @example
 * ```ts
 * import { compress, explainCompression } from '@lc/compress'
 * import { makePassage } from '@lc/model'
 *
 * const notes = [makePassage('The tower is red. It was built in 1852.', { uri: 'notes.md' })]
 * const { dropped } = explainCompression(await compress(notes, { budget: 8, query: 'When was it built?' }), notes)
 * console.log(dropped.map(({ start, end }) => notes[0]?.text.slice(start, end)))
 * ```
 */
export function explainCompression(
  result: CompressionResult,
  passages: readonly Passage[],
  options: Pick<ProtectionOptions, 'protectedKinds' | 'forcedPhrases'> = {},
): Explanation {
  const units = [...result.units].sort((a, b) => compareScores(a.score, b.score))
  return {
    method: result.method,
    kept: units.filter(({ state }) => state !== 'dropped'),
    dropped: units.filter(({ state }) => state === 'dropped'),
    protected: protectedTexts(result, passages, options),
  }
}

function compareScores(a: number | null, b: number | null): number {
  return (b ?? Number.NEGATIVE_INFINITY) - (a ?? Number.NEGATIVE_INFINITY) || 0
}

function protectedTexts(
  result: CompressionResult,
  passages: readonly Passage[],
  options: Pick<ProtectionOptions, 'protectedKinds' | 'forcedPhrases'>,
): ProtectedText[] {
  const byLines = /^(longcodezip|no-model)/.test(result.method)
  const { kinds, phrases } = resolveProtection(options, byLines ? lineProtectionDefaults : protectionDefaults)
  const keptOf = new Map<string, Span[]>()
  for (const { passageId, source } of result.spans) keptOf.set(passageId, [...(keptOf.get(passageId) ?? []), source])
  return passages.flatMap(({ id, text, source }) => {
    const kept = keptOf.get(id) ?? []
    return outermost(protectedSpans(text, { kinds, phrases })).map(
      ({ kind, start, end }): ProtectedText => ({
        kind,
        passageId: id,
        source: source.uri,
        start,
        end,
        text: text.slice(start, end),
        kept: isCovered({ start, end }, kept),
      }),
    )
  })
}

function outermost<Item extends Span>(spans: readonly Item[]): Item[] {
  const sorted = [...spans].sort((a, b) => a.start - b.start || b.end - a.end)
  let end = -1
  return sorted.filter((span) => {
    if (span.end <= end) return false
    end = span.end
    return true
  })
}

/** Kept spans that touch are one. */
function isCovered({ start, end }: Span, kept: readonly Span[]): boolean {
  let at = start
  for (const span of kept) if (span.start <= at && span.end > at) at = span.end
  return at >= end
}
