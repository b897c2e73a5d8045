/**
 * @file Units of a size that a model reads at once. A script, a table of data, a minified file or a function of thousands of
 * lines is cut where statements begin, so that what is far from the question costs no reading and the rest is ranked apart.
 */
import { closingStart } from './closing-lines.ts'
import type { CodeUnit } from './code-unit.ts'
import type { LineRange, SourceLines } from './source-lines.ts'

/** Runs outside definitions are cut about every 80 lines or 4,000 characters, whichever comes first. */
export const longestRun = { lines: 80, characters: 4000 }
/** Definitions keep their lines together up to this many characters, about 4,000 tokens of code. */
const longestDefinition = 16_000
/** A rest of up to half a run stays with the run before it. */
const slack = 1.5

/** What is cut: units in source order, and where statements begin. */
export interface LongUnitsInput {
  units: readonly CodeUnit[]
  lines: SourceLines
  /** 1 for each line at which a statement begins. */
  borders: Uint8Array
}

/**
 * Cuts long units. Runs of statements become several; a long definition becomes a container whose members are the runs of its
 * body, between its signature and the line that closes it.
 */
export function cutLongUnits(input: LongUnitsInput): CodeUnit[] {
  const cut: CodeUnit[] = []
  const moved = input.units.map((unit) => {
    const index = cut.length
    const isRun = unit.header.from === unit.header.to && !unit.closer
    cut.push(...(isRun ? cutRun(unit, input) : cutDefinition(unit, input, index)))
    return index
  })
  // the runs of a cut definition know their place already
  const own = new Set(moved)
  for (const [index, unit] of cut.entries()) if (own.has(index) && unit.parent >= 0) unit.parent = moved[unit.parent]!
  return cut
}

function cutRun(unit: CodeUnit, input: LongUnitsInput): CodeUnit[] {
  const { parent } = unit
  return runsOf(unit.lines, input).map((lines, at) =>
    at === 0 ? { ...unit, lines } : { ...unit, parent, lines, header: { from: lines.from, to: lines.from } },
  )
}

function cutDefinition(unit: CodeUnit, input: LongUnitsInput, index: number): CodeUnit[] {
  const { lines } = input
  if (charactersOf(lines, unit.lines) <= longestDefinition) return [unit]
  const end = unit.closer ? unit.lines.to : closingStart(lines, { from: unit.header.to, to: unit.lines.to })
  const [first, ...rest] = runsOf({ from: unit.lines.from, to: end }, input, unit.header.to)
  if (!first || rest.length === 0) return [unit]
  const closer = unit.closer ?? (end < unit.lines.to ? { from: end, to: unit.lines.to } : undefined)
  const head: CodeUnit = { ...unit, lines: first, ...(closer ? { closer } : {}) }
  const members = rest.map((run): CodeUnit => {
    return { kind: 'statements', name: '', parent: index, lines: run, header: { from: run.from, to: run.from } }
  })
  return [head, ...members]
}

/** A range of lines in runs that are not too long. @param earliest the first line at which a run may end */
function runsOf(range: LineRange, input: LongUnitsInput, earliest = range.from): LineRange[] {
  const runs: LineRange[] = []
  for (let { from } = range; from < range.to; ) {
    const to = Math.max(runEnd(input, { from, to: range.to }), Math.min(earliest, range.to))
    runs.push({ from, to })
    from = to
  }
  return runs
}

function runEnd({ lines, borders }: LongUnitsInput, range: LineRange): number {
  const fits = range.to - range.from <= longestRun.lines * slack
  if (fits && charactersOf(lines, range) <= longestRun.characters * slack) return range.to
  const start = lines.starts[range.from]!
  let to = range.from + 1
  while (to < range.to && to - range.from < longestRun.lines && lines.starts[to + 1]! - start <= longestRun.characters)
    to++
  for (let line = to; line > range.from + (to - range.from) / 2; line--) if (borders[line] === 1) return line
  return to
}

function charactersOf({ starts }: SourceLines, { from, to }: LineRange): number {
  return starts[to]! - starts[from]!
}
