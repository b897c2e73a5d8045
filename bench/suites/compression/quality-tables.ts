/** @file Results as tables: methods by budget, with the best of each column. */
import type { Row } from '../../runner/suite.ts'
import { baselines } from './methods.ts'

/** A row of the suite, taken apart. */
export interface Point {
  task: string
  ratio: number
  figure: string
  method: string
  value: number
  standardError: number
  records: number
}

/** Rows that no compressor is compared with. */
export const anchors = ['nothing left out', 'no context']
/** The figure of what a method makes of its budget. */
export const usedFigure = 'budget used'

interface FigureText {
  /** What the records are, in the plural. */
  of: string
  title: string
  better: 'more' | 'less'
}

/** What the figures are, by task. */
export const figureTexts: Readonly<Record<string, FigureText>> = {
  'callees: callee recall': {
    of: 'functions',
    title: 'Callees of a C or C++ function that are kept, among those of other functions (YABLoCo)',
    better: 'more',
  },
  'questions: answer survives': {
    of: 'questions',
    title: 'Answers that are there to the letter, of 20 passages (Natural Questions)',
    better: 'more',
  },
  'questions: surprise of gold': {
    of: 'questions',
    title: 'Nats per token of the right answer after the compressed passages (Natural Questions)',
    better: 'less',
  },
  'pairs: ids whole': {
    of: 'lists',
    title: 'Ids that are whole, of those kept in part or whole (30 pairs of ids)',
    better: 'more',
  },
  'pairs: value survives': { of: 'lists', title: 'Values asked for that are there (30 pairs of ids)', better: 'more' },
  'methods: surprise of gold': {
    of: 'methods',
    title: 'Nats per token of the right method body after the compressed classes (ClassEval)',
    better: 'less',
  },
  'shots: surprise of gold': {
    of: 'problems',
    title: 'Nats per token of the right solution after the compressed examples (GSM8K, 8 worked problems)',
    better: 'less',
  },
}

/** What a row of the suite says. */
export function pointOf({ contestant, what, detail }: Row): Point {
  const [, task, ratio, figure] = /^(\w+) (\d+)x, (.*)$/.exec(what)!
  return {
    task: task!,
    ratio: Number(ratio),
    figure: figure!,
    method: contestant,
    value: Number(detail!.mean),
    standardError: Number(detail!['standard error']),
    records: Number(detail!.records),
  }
}

/** A table for each figure of the tasks that the methods take part in; of all tasks without methods. */
export function figureTables(points: readonly Point[], methods: readonly string[]): string[] {
  return Object.entries(figureTexts).flatMap(([name, text]) => {
    const own = points.filter(({ task, figure }) => `${task}: ${figure}` === name)
    const shown = own.filter(({ method }) => [...methods, ...baselines, ...anchors].includes(method))
    const takesPart = methods.length === 0 || shown.some(({ method }) => methods.includes(method))
    return shown.length > 0 && takesPart ? [figureTable(text, shown, methods)] : []
  })
}

function figureTable({ of, title, better }: FigureText, points: readonly Point[], methods: readonly string[]): string {
  const ratios = ratiosOf(points)
  const names = [...methods, ...baselines, ...anchors].filter((name) => points.some(({ method }) => method === name))
  const best = ratios.map((ratio) => {
    const values = points.filter((each) => each.ratio === ratio && !anchors.includes(each.method)).map(shownValue)
    return better === 'less' ? Math.min(...values) : Math.max(...values)
  })
  const lines = names.map((name) => {
    const cells = ratios.map((ratio, at) => {
      const point = points.find((each) => each.method === name && each.ratio === ratio)
      if (!point) return '-'
      const isBest = !anchors.includes(name) && shownValue(point) === best[at]
      return isBest ? `**${point.value.toFixed(2)}**` : point.value.toFixed(2)
    })
    return `| ${name} | ${cells.join(' | ')} |`
  })
  const records = points[0]!.records
  const error = Math.max(...points.filter(({ method }) => !anchors.includes(method)).map((each) => each.standardError))
  const heading = `**${title}**; ${better} is better. Means over ${records} ${of}, standard errors up to ${error.toFixed(2)}.`
  return [heading, '', header(ratios), ...lines].join('\n')
}

/** How much of its budget each method fills, over all tasks and budgets. */
export function budgetTable(points: readonly Point[], methods: readonly string[]): string {
  const lines = [...methods, ...baselines].flatMap((name) => {
    const own = points.filter(({ figure, method }) => figure === usedFigure && method === name)
    if (own.length === 0) return []
    const total = own.reduce((sum, { value, records }) => sum + value * records, 0)
    const mean = total / own.reduce((sum, { records }) => sum + records, 0)
    const means = own.map(({ value }) => value)
    return [`| ${name} | ${percent(mean)} | ${percent(Math.min(...means))} to ${percent(Math.max(...means))} |`]
  })
  return ['| | mean | by task and budget |', '| --- | --- | --- |', ...lines].join('\n')
}

function ratiosOf(points: readonly Point[]): number[] {
  return [...new Set(points.map(({ ratio }) => ratio))].sort((a, b) => a - b)
}

function header(ratios: readonly number[]): string {
  return `| | ${ratios.map((ratio) => `${ratio}x`).join(' | ')} |\n| --- |${' --- |'.repeat(ratios.length)}`
}

/** What is equal in the table is equally good. */
function shownValue({ value }: Point): number {
  return Number(value.toFixed(2))
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
