import { printTable } from '../output/print-table.ts'
import type { CompressDocument } from '../result/compress-document.ts'
import type { ExplanationDocument } from '../result/explanation-document.ts'

type Unit = CompressDocument['units'][number]

/** How many units and protected texts are shown of each list. */
const shown = 15
const excerptLength = 48

/** An account for people: why this method, units with their scores, what was protected. @param texts of the sources, by name */
export function explanationText(
  document: CompressDocument,
  explanation: ExplanationDocument,
  texts: ReadonlyMap<string, string>,
): string {
  const ranked = [...document.units].sort((a, b) => (b.score ?? -Infinity) - (a.score ?? -Infinity) || 0)
  const kept = ranked.filter((unit) => unit.kept.length > 0)
  const dropped = ranked.filter((unit) => unit.kept.length === 0)
  return [
    `method: ${explanation.method} (${explanation.reason})`,
    ...unitLines('kept, best first', kept, texts),
    ...unitLines('dropped, best first', dropped, texts),
    ...protectedLines(explanation.protected),
    `time: ${Object.entries(explanation.timings)
      .map(([step, seconds]) => `${step} ${seconds.toFixed(2)} s`)
      .join(', ')}`,
  ].join('\n')
}

function unitLines(title: string, units: readonly Unit[], texts: ReadonlyMap<string, string>): string[] {
  if (units.length === 0) return [`${title}: nothing`]
  const rows = units
    .slice(0, shown)
    .map((unit) => [
      unit.score === null ? '-' : unit.score.toPrecision(3),
      shareOf(unit),
      placeOf(unit, texts),
      unit.name || excerpt(texts.get(unit.source)?.slice(unit.start, unit.end) ?? ''),
    ])
  const rest = units.slice(shown).reduce((sum, unit) => sum + unit.tokens, 0)
  const more = units.length > shown ? [`  and ${units.length - shown} more of ${rest} tokens`] : []
  const table = printTable([['score', 'tokens', 'where', 'what'], ...rows])
    .trimEnd()
    .split('\n')
  return [`${title}:`, ...table.map((line) => `  ${line}`), ...more]
}

/** Tokens, and of a unit that was kept in part the share of its characters. */
function shareOf({ tokens, kept, start, end }: Unit): string {
  const characters = kept.reduce((sum, [from, to]) => sum + to - from, 0)
  const percent = Math.round((100 * characters) / Math.max(1, end - start))
  return characters === 0 || percent >= 100 ? String(tokens) : `${tokens} (${Math.max(1, percent)} %)`
}

function placeOf({ source, start }: Unit, texts: ReadonlyMap<string, string>): string {
  const before = texts.get(source)?.slice(0, start) ?? ''
  return `${source}:${before.split('\n').length}`
}

function excerpt(text: string): string {
  const line = text.trim().replace(/\s+/g, ' ')
  return line.length > excerptLength ? `${line.slice(0, excerptLength)}...` : line
}

function protectedLines(all: ExplanationDocument['protected']): string[] {
  if (all.length === 0) return ['protected: nothing']
  const lost = all.filter(({ kept }) => !kept)
  const names = [...new Set(lost.map(({ text }) => excerpt(text)))]
  const more = names.length > shown ? ` and ${names.length - shown} more` : ''
  return [
    `protected: ${all.length - lost.length} of ${all.length} kept`,
    ...(lost.length > 0 ? [`  given up: ${names.slice(0, shown).join(', ')}${more}`] : []),
  ]
}
