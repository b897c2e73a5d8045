/** @file Results as tables in the pages of the methods, and as one plot. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Row } from '../../runner/suite.ts'
import { writeBetween } from '../../runner/write-between.ts'
import { baselines } from './methods.ts'
import { plotQuality } from './plot.ts'

/** A row of the suite, taken apart. */
interface Point {
  task: string
  ratio: number
  figure: string
  method: string
  value: number
}

/** Which methods each page tells of. */
const pages: Readonly<Record<string, readonly string[]>> = {
  'longcodezip.md': ['LongCodeZip', 'LongCodeZip, paper'],
  'llmlingua.md': ['LLMLingua', 'LongLLMLingua'],
  'selective-context.md': ['Selective Context'],
  'specpc.md': ['SpecPC'],
  'no-model.md': [],
}
const anchors = ['nothing left out', 'no context']
/** What the figures are, and whether more is better. */
const figures: Readonly<Record<string, string>> = {
  'callee recall':
    'callees of a C or C++ function that are kept, among those of other functions (YABLoCo); more is better',
  'answer survives': 'answers that are there to the letter in 20 passages (Natural Questions); more is better',
  'ids whole': 'ids of the output that are ids of the input (40 pairs of ids); 1 is a must',
  'value survives': 'values asked for that are there (40 pairs of ids); more is better',
  'questions: surprise of gold': 'nats per token of the right answer after the compressed passages; less is better',
  'methods: surprise of gold':
    'nats per token of the right method body after the compressed classes (ClassEval); less is better',
  'shots: surprise of gold':
    'nats per token of the right solution after the compressed examples (GSM8K); less is better',
}

/** Writes the tables between the marks of each page, and the plot. */
export function writePages(rows: readonly Row[], records: number, folder: string): void {
  const points = rows.map(pointOf)
  for (const [page, methods] of Object.entries(pages).filter(([name]) => existsSync(join(folder, name))))
    writeBetween(join(folder, page), 'compression', pageText(points, methods, records))
  const drawn = points.filter(({ task, method }) => task !== 'shots' && !anchors.includes(method))
  writeFileSync(
    join(folder, 'compression-quality.svg'),
    plotQuality(drawn.map(({ task, figure, ...point }) => ({ ...point, figure: `${task}: ${figure}` }))),
  )
}

function pointOf({ contestant, what, detail }: Row): Point {
  const [, task, ratio, figure] = /^(\w+) (\d+)x, (.*)$/.exec(what)!
  return { task: task!, ratio: Number(ratio), figure: figure!, method: contestant, value: Number(detail!.mean) }
}

function pageText(points: readonly Point[], methods: readonly string[], records: number): string {
  const relevant = [...new Set(points.map(({ task, figure }) => JSON.stringify([task, figure])))]
    .map((key) => JSON.parse(key) as [string, string])
    .filter(
      ([task]) => methods.length === 0 || points.some((point) => point.task === task && methods.includes(point.method)),
    )
  const tables = relevant.map(([task, figure]) => {
    const own = points.filter((point) => point.task === task && point.figure === figure)
    return table(figures[`${task}: ${figure}`] ?? figures[figure]!, own, methods)
  })
  return [
    `SmolLM2-135M, means over ${records} ${records === 1 ? 'record' : 'records'}; a budget of a half, a quarter, an eighth of the tokens; the best of each column in bold. ![Quality by budget](compression-quality.svg)`,
    ...tables,
    `\`npm run bench -- --suite compression --data FOLDER --repeat ${records} --write\``,
  ].join('\n\n')
}

function table(title: string, points: readonly Point[], methods: readonly string[]): string {
  const ratios = [...new Set(points.map(({ ratio }) => ratio))].sort((a, b) => a - b)
  const names = [...methods, ...baselines, ...anchors].filter((name) => points.some(({ method }) => method === name))
  const valueAt = (name: string, ratio: number): number =>
    points.find((point) => point.method === name && point.ratio === ratio)!.value
  const compared = names.filter((name) => !anchors.includes(name))
  const best = ratios.map((ratio) => {
    const values = compared.map((name) => valueAt(name, ratio))
    return title.includes('less is better') ? Math.min(...values) : Math.max(...values)
  })
  const lines = names.map((name) => {
    const cells = ratios.map((ratio, at) => {
      const value = valueAt(name, ratio)
      const isBest = compared.includes(name) && value === best[at]
      return isBest ? `**${value.toFixed(2)}**` : value.toFixed(2)
    })
    return `| ${name} | ${cells.join(' | ')} |`
  })
  return [
    `${title[0]!.toUpperCase()}${title.slice(1)}:`,
    '',
    `| | ${ratios.map((ratio) => `${ratio}x`).join(' | ')} |`,
    `| --- |${' --- |'.repeat(ratios.length)}`,
    ...lines,
  ].join('\n')
}
