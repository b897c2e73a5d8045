/** @file A compression as one HTML page: what was kept, what was dropped, how relevant each part was. Needs no network and no script. */
import type { Span } from '@lc/model'
import { escapeHtml } from '@lc/model/text'
import type { CompressedUnit, CompressionResult } from '../compressor/compression-result.ts'
import { colourSteps, stepCount } from './colour-scale.ts'
import { type MarkedLine, markLines } from './marked-lines.ts'
import { pageStyle } from './page-style.ts'

/** Options of `heatMap`. */
export interface HeatMapOptions {
  /** Defaults to `What was kept`. */
  title?: string | undefined
  /** Shown above the text. */
  query?: string | undefined
}

/** Dropped runs of more lines than this are folded. */
const foldFrom = 8
const tableRows = 15

/** The page as a string. Everything from the input is escaped. */
export function heatMap(result: CompressionResult, options: HeatMapOptions = {}): string {
  const title = options.title ?? 'What was kept'
  const steps = colourSteps(result.units.map((unit) => unit.score))
  const stepOf = new Map(result.units.map((unit, index) => [unit.id, steps[index]!]))
  const sections = groupByPassage(result.units).map((units) => passageSection(result, units, stepOf))
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${pageStyle}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${options.query ? `<p class="query"><b>For:</b> ${escapeHtml(options.query)}</p>` : ''}
${factsOf(result)}
${warningsOf(result)}
<div class="tools">
<span>less relevant<span class="scale" role="img" aria-label="colour scale from less to more relevant, by rank">${scale()}</span>more relevant</span>
<span><b style="color:var(--mark)">&#9612;</b> kept</span>
<span style="color:var(--faint)">grey: dropped</span>
<label><input type="checkbox" id="only"> show only what was kept</label>
</div>
${unitTable(result, stepOf)}
${sections.join('\n')}
<footer>${escapeHtml(result.method)}, ${escapeHtml(result.tokenizer)} tokens</footer>
</main>
</body>
</html>
`
}

function scale(): string {
  return Array.from({ length: stepCount }, (_, step) => `<i class="s${step}"></i>`).join('')
}

function factsOf(result: CompressionResult): string {
  const { tokens, originalTokens, budget, seconds, units } = result
  const share = originalTokens > 0 ? tokens / originalTokens : 1
  const kept = units.filter((unit) => unit.state !== 'dropped').length
  const facts = [
    ['Kept', `${formatCount(tokens)} <small>of ${formatCount(originalTokens)} tokens</small>`],
    ['Share', `${(100 * share).toFixed(1)} %`],
    ['Budget', `${formatCount(budget)} <small>tokens</small>`],
    ['Units', `${formatCount(kept)} <small>of ${formatCount(units.length)}</small>`],
    ['Time', `${seconds < 10 ? seconds.toFixed(2) : seconds.toFixed(0)} <small>s</small>`],
  ]
  const cells = facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join('')
  const percent = Math.min(100, 100 * share).toFixed(2)
  return `<dl class="facts">${cells}</dl>
<div class="bar" role="img" aria-label="${percent} percent of the tokens were kept"><i style="width:${percent}%"></i></div>`
}

function formatCount(value: number): string {
  return value.toLocaleString('en-US')
}

function warningsOf({ warnings }: CompressionResult): string {
  if (warnings.length === 0) return ''
  return `<ul class="warnings">${warnings.map((warning) => `<li>${escapeHtml(warning)}</li>`).join('')}</ul>`
}

function groupByPassage(units: readonly CompressedUnit[]): CompressedUnit[][] {
  const groups = new Map<string, CompressedUnit[]>()
  for (const unit of units) {
    const group = groups.get(unit.passageId)
    if (group) group.push(unit)
    else groups.set(unit.passageId, [unit])
  }
  return [...groups.values()]
}

/** The most relevant units, if any were scored. */
function unitTable(result: CompressionResult, stepOf: ReadonlyMap<string, number | null>): string {
  const { units } = result
  const ranked = units.filter((unit) => unit.score !== null).sort((a, b) => b.score! - a.score!)
  if (ranked.length === 0) return ''
  const several = new Set(units.map((unit) => unit.passageId)).size > 1
  const rows = ranked.map((unit) => {
    const name = unit.name || beginningOf(result.expand(unit.id)) || unit.kind
    const place = several ? ` <small>${escapeHtml(unit.source)}</small>` : ''
    const chip = `<span class="chip s${stepOf.get(unit.id) ?? 0}">${unit.score!.toPrecision(3)}</span>`
    return `<tr class="state-${unit.state}"><td>${chip}</td><td class="name">${escapeHtml(name)}${place}</td><td>${unit.state}</td><td class="n">${formatCount(unit.keptTokens)}</td><td class="n">${formatCount(unit.tokens)}</td></tr>`
  })
  const more = rows.slice(tableRows)
  const rest =
    more.length === 0
      ? ''
      : `<details><summary>${formatCount(more.length)} more units</summary>${table(more)}</details>`
  return `<section><header><h2>Units by relevance</h2><span>most relevant first</span></header>
<div style="overflow-x:auto">${table(rows.slice(0, tableRows))}${rest}</div></section>`
}

/** What a unit without a name is called. */
function beginningOf(text: string): string {
  const line = text.slice(0, 400).trim().replace(/\s+/g, ' ')
  return line.length > 60 ? `${line.slice(0, 60)}...` : line
}

function table(rows: readonly string[]): string {
  const names = ['score', 'unit', 'state', 'kept', 'tokens'].map((name) => `<th scope="col">${name}</th>`).join('')
  return `<table><thead><tr>${names}</tr></thead><tbody>${rows.join('')}</tbody></table>`
}

function passageSection(
  result: CompressionResult,
  units: readonly CompressedUnit[],
  stepOf: ReadonlyMap<string, number | null>,
): string {
  const { passageId, source } = units[0]!
  const text = result.expand(passageId)
  const kept: Span[] = result.spans.filter((span) => span.passageId === passageId).map((span) => span.source)
  const lines = markLines(text, kept)
  const unitAt = unitLookup(units)
  const tokens = units.reduce((sum, unit) => sum + unit.tokens, 0)
  const keptTokens = units.reduce((sum, unit) => sum + unit.keptTokens, 0)
  const body = foldDropped(lines, (line) => lineHtml(line, unitAt(line.start), stepOf))
  return `<section><header><h2>${escapeHtml(source)}</h2><span>${formatCount(keptTokens)} of ${formatCount(tokens)} tokens</span></header><div class="code" role="region" aria-label="text of ${escapeHtml(source)}" tabindex="0">${body}</div></section>`
}

/** The innermost unit at an offset; units are in order, containers before their members. */
function unitLookup(units: readonly CompressedUnit[]): (offset: number) => CompressedUnit | undefined {
  let next = 0
  let open: CompressedUnit[] = []
  return (offset) => {
    while (next < units.length && units[next]!.start <= offset) open.push(units[next++]!)
    open = open.filter((unit) => unit.end > offset)
    return open.at(-1)
  }
}

function lineHtml(
  line: MarkedLine,
  unit: CompressedUnit | undefined,
  stepOf: ReadonlyMap<string, number | null>,
): string {
  const step = unit ? stepOf.get(unit.id) : null
  const tint = step === null || step === undefined ? '' : ` s${step}`
  const pieces = line.pieces
    .map(({ text, kept }) =>
      line.state === 'mixed' ? `<span class="${kept ? 'k' : 'd'}">${escapeHtml(text)}</span>` : escapeHtml(text),
    )
    .join('')
  return `<div class="l ${line.state}${tint}"${titleOf(line, unit)}><b></b><i>${line.number}</i><code>${pieces}</code></div>`
}

// the first line of a unit says what it is; on every line it would be most of the page
function titleOf(line: MarkedLine, unit: CompressedUnit | undefined): string {
  if (!unit || line.start > unit.start) return ''
  const score = unit.score === null ? 'not scored' : `score ${unit.score.toPrecision(3)}`
  return ` title="${escapeHtml(`${unit.name || unit.kind}: ${score}, ${unit.keptTokens} of ${unit.tokens} tokens`)}"`
}

function foldDropped(lines: readonly MarkedLine[], html: (line: MarkedLine) => string): string {
  let body = ''
  for (let at = 0; at < lines.length; ) {
    let end = at
    while (end < lines.length && (lines[end]!.state === 'dropped' || lines[end]!.state === 'blank')) end++
    const run = lines
      .slice(at, Math.max(end, at + 1))
      .map(html)
      .join('')
    body += end - at >= foldFrom ? `<details><summary>${end - at} lines dropped</summary>${run}</details>` : run
    at = Math.max(end, at + 1)
  }
  return body
}
