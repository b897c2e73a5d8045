import type { CompressDocument } from '../result/compress-document.ts'

/** What was kept, in a few lines: the totals, then the units that something is left of, best first. */
export function keptSummary(document: CompressDocument, shown = 12): string {
  const kept = document.units.filter((unit) => unit.kept.length > 0)
  const files = new Set(kept.map((unit) => unit.source)).size
  const allFiles = new Set(document.units.map((unit) => unit.source)).size
  const named = kept
    .filter((unit) => unit.name !== '')
    .sort((a, b) => (b.score ?? Number.NEGATIVE_INFINITY) - (a.score ?? Number.NEGATIVE_INFINITY))
  const lines = named
    .slice(0, shown)
    .map((unit) => `  ${unit.source}  ${unit.name}${shareOf(unit.kept, unit.end - unit.start)}`)
  const more = shown > 0 && named.length > shown ? [`  and ${named.length - shown} more`] : []
  return [
    `kept ${document.tokens} of ${document.originalTokens} tokens (budget ${document.budget}), ` +
      `from ${files} of ${allFiles} files, in ${document.seconds.toFixed(1)} s`,
    ...lines,
    ...more,
  ].join('\n')
}

function shareOf(kept: readonly [number, number][], length: number): string {
  const characters = kept.reduce((sum, [start, end]) => sum + end - start, 0)
  const percent = Math.round((100 * characters) / Math.max(1, length))
  return percent >= 100 ? '' : ` (${Math.max(1, percent)} %)`
}
