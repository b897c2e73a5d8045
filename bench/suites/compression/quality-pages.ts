/** @file Results as tables in the pages of the methods, and as one plot. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Row } from '../../runner/suite.ts'
import { writeBetween } from '../../runner/write-between.ts'
import { plotQuality } from './plot.ts'
import { anchors, budgetTable, figureTables, figureTexts, type Point, pointOf } from './quality-tables.ts'

const zips = ['LongCodeZip', 'LongCodeZip, paper']
const linguas = ['LLMLingua', 'LLMLingua, official', 'LongLLMLingua', 'LongLLMLingua, official']

/** Which methods each page tells of. */
const pages: Readonly<Record<string, readonly string[]>> = {
  'longcodezip.md': zips,
  'llmlingua.md': linguas,
  'selective-context.md': ['Selective Context'],
  'specpc.md': ['SpecPC'],
  'no-model.md': [],
}
/** The page that compares all of them. */
const overview = 'choosing-a-compressor.md'
const all = [...zips, ...linguas, 'Selective Context', 'SpecPC']
/** Too few points for a line. */
const notDrawn = [...anchors, 'LLMLingua, official', 'LongLLMLingua, official']

/** Writes the tables between the marks of each page, and the plot. */
export function writePages(rows: readonly Row[], records: number, folder: string): void {
  const points = rows.map(pointOf)
  const command = `\`npm run bench -- --suite compression --data FOLDER --repeat ${records} --write\``
  const plot = '![Quality by budget](compression-quality.svg)'
  const write = (page: string, name: string, parts: readonly string[]): void => {
    if (existsSync(join(folder, page))) writeBetween(join(folder, page), name, parts.join('\n\n'))
  }
  for (const [page, methods] of Object.entries(pages))
    write(page, 'compression', [summary(points), plot, ...figureTables(points, methods), command])
  write(overview, 'compression', [...figureTables(points, all), plot])
  write(overview, 'compression-budgets', [budgetTable(points, all)])
  writeFileSync(join(folder, 'compression-quality.svg'), plotQuality(drawnPoints(points)))
}

function summary(points: readonly Point[]): string {
  const released = points.some(({ method }) => method.endsWith('official'))
  return [
    'SmolLM2-135M (Q4_1, fast). Budgets are a half, a quarter, an eighth of the tokens; the best of each column is in bold.',
    ...(released ? ['The released programs were run at one budget.'] : []),
  ].join(' ')
}

function drawnPoints(points: readonly Point[]): { figure: string; method: string; ratio: number; value: number }[] {
  return points
    .filter(({ task, figure, method }) => {
      const known = figureTexts[`${task}: ${figure}`] !== undefined
      return known && figure !== 'ids whole' && task !== 'shots' && !notDrawn.includes(method)
    })
    .map(({ task, figure, ...point }) => ({ ...point, figure: `${task}: ${figure}` }))
}
