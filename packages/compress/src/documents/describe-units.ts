/** @file What became of each unit, for the result. */
import type { Span } from '@lc/model'
import { intersectSpans } from '@lc/model/text'
import { closingStart } from '../code/closing-lines.ts'
import { lineAt } from '../code/source-lines.ts'
import type { CompressedUnit, UnitState } from '../compressor/compression-result.ts'
import type { RenderedContext } from '../compressor/render-kept.ts'
import { type CodeDocument, type DocumentUnit, sumTokens } from './code-document.ts'

/** A unit's own lines; of a container with its members. */
function unitSpan({ outline: { lines } }: CodeDocument, { unit }: DocumentUnit): Span {
  return { start: lines.starts[unit.lines.from]!, end: lines.starts[(unit.closer ?? unit.lines).to]! }
}

/** The text of a unit, of a container with its members. */
export function wholeUnitText(documents: readonly CodeDocument[], unit: DocumentUnit): string {
  const { start, end } = unitSpan(documents[unit.document]!, unit)
  return documents[unit.document]!.passage.text.slice(start, end)
}

/** One record per unit. @param scores NaN or missing where a unit was not scored */
export function describeUnits(
  documents: readonly CodeDocument[],
  units: readonly DocumentUnit[],
  rendered: RenderedContext,
  scores: Float64Array | undefined,
): CompressedUnit[] {
  const keptOf = rendered.passages.map(({ links }) => links.map((link) => link.source))
  return units.map((entry, index): CompressedUnit => {
    const document = documents[entry.document]!
    const { lines } = document.outline
    const { unit } = entry
    const pieces = unit.closer ? [unit.lines, unit.closer] : [unit.lines]
    const kept = pieces.flatMap(({ from, to }) =>
      clipSpans(keptOf[entry.document]!, { start: lines.starts[from]!, end: lines.starts[to]! }),
    )
    const score = scores?.[index] ?? Number.NaN
    return {
      id: entry.id,
      passageId: document.passage.id,
      source: document.passage.source.uri,
      kind: unit.kind,
      name: unit.name,
      ...unitSpan(document, entry),
      tokens: entry.tokens,
      keptTokens: tokensOfSpans(document, kept),
      score: Number.isNaN(score) ? null : score,
      state: stateOf(document, entry, kept),
      kept,
    }
  })
}

function tokensOfSpans(document: CodeDocument, kept: readonly Span[]): number {
  const { lines } = document.outline
  return kept.reduce((sum, { start, end }) => {
    return sum + sumTokens(document, { from: lineAt(lines, start), to: lineAt(lines, end - 1) + 1 })
  }, 0)
}

function stateOf(document: CodeDocument, { unit }: DocumentUnit, kept: readonly Span[]): UnitState {
  const { lines } = document.outline
  const length = (from: number, to: number): number => lines.starts[to]! - lines.starts[from]!
  const keptLength = kept.reduce((sum, { start, end }) => sum + end - start, 0)
  if (keptLength === 0) return 'dropped'
  const closer = unit.closer ? length(unit.closer.from, unit.closer.to) : 0
  if (keptLength === length(unit.lines.from, unit.lines.to) + closer) return 'whole'
  if (unit.header.to === unit.header.from) return 'part'
  const bodyEnd = unit.closer ? unit.lines.to : closingStart(lines, { from: unit.header.to, to: unit.lines.to })
  const body = { start: lines.starts[unit.header.to]!, end: lines.starts[bodyEnd]! }
  return clipSpans(kept, body).length === 0 ? 'skeleton' : 'part'
}

function clipSpans(kept: readonly Span[], range: Span): Span[] {
  return kept.flatMap((span) => intersectSpans(span, range) ?? [])
}
