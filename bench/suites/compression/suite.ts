import { basename, join } from 'node:path'
import { cachedScorer } from '@lc/compress'
import { loadModel } from '@lc/core'
import { loadEmbedder } from '@lc/core/encoder'
import { benchModel } from '../../runner/bench-input.ts'
import { benchJournal, type Remember } from '../../runner/bench-journal.ts'
import { summarise } from '../../runner/statistics.ts'
import type { BenchOptions, Row, Suite } from '../../runner/suite.ts'
import { type Contender, type ContenderModels, contenders } from './methods.ts'
import { writePages } from './quality-pages.ts'
import type { CompressionRecord } from './record.ts'
import { type CompressionTask, missingFiles, readTasks } from './tasks.ts'

/** Real data, or the end: nothing is measured on made-up texts. */
function dataFolder({ data }: BenchOptions): string {
  const missing = data === undefined ? ['--data FOLDER (or LC_DATA)'] : missingFiles(data)
  if (data !== undefined && missing.length === 0) return data
  process.stderr.write(`compression: missing ${missing.join(', ')}\n`)
  process.exit(3)
}

/** Figures of one record by their names. */
type Figures = Record<string, number>

interface Work extends ContenderModels {
  remember: Remember
  say: (line: string) => void
}

/** One record of one task. */
interface Piece {
  task: CompressionTask
  record: CompressionRecord
  index: number
}

/** Figures of the records so far by task, ratio and method. */
type Found = Map<string, Figures[]>

/** What every method and baseline keeps of what matters, at several budgets; `--repeat` is the number of records of each task. */
export const suite: Suite = {
  title: 'Compression: what is kept of what matters',
  async run(options, say) {
    const tasks = readTasks(dataFolder(options), options.repeat, options.quick)
    const file = await benchModel(options)
    const model = await loadModel({ file })
    const scorer = cachedScorer(model)
    const embedder = await loadEmbedder('all-minilm-l6-v2')
    const journal = await benchJournal(options.journal, { suite: 'compression', model: basename(file), version: 1 })
    try {
      const work: Work = { model, scorer, embedder, remember: journal.remember, say }
      const found: Found = new Map()
      for (const piece of inTurns(tasks)) await runRecord(piece, found, work)
      const rows = [...found].flatMap(([key, figures]) => rowsOf(key, figures))
      if (options.write) {
        const folder = join(import.meta.dirname, '..', '..', '..', 'docs', 'methods')
        writePages(rows, options.repeat, folder)
      }
      return {
        rows,
        absent: [
          { contestant: 'LLMLingua-2', reason: 'needs its classifier, which is on no package registry' },
          { contestant: 'pass@1', reason: 'SmolLM2-135M does not write working code' },
        ],
      }
    } finally {
      await journal.close()
      await embedder.close()
      await scorer.close()
      await model.close()
    }
  },
}

/** Records of all tasks in turn, so that a run that is cut has as much of each. */
function inTurns(tasks: readonly CompressionTask[]): Piece[] {
  return tasks
    .flatMap((task) => task.records.map((record, index) => ({ task, record, index })))
    .sort((a, b) => a.index / a.task.records.length - b.index / b.task.records.length)
}

/** All methods on one record, each at all budgets in a row, so that what it scored for one serves the next. */
async function runRecord({ task, record, index }: Piece, found: Found, work: Work): Promise<void> {
  const add = (name: string, ratio: number, figures: Figures): void => {
    const key = JSON.stringify([task.name, ratio, name])
    found.set(key, [...(found.get(key) ?? []), figures])
  }
  const tokens = record.passages.reduce((sum, { text }) => sum + work.model.tokenizer.count(text), 0)
  for (const contender of contenders(work, task)) {
    const ratios = task.ratios.filter((ratio) => contender.ratios?.includes(ratio) ?? true)
    const each = await work.remember(`${task.name} ${index} ${contender.name}`, work.say, async () => {
      const figures: Figures[] = []
      for (const ratio of ratios) figures.push(await figuresOf(contender, record, Math.floor(tokens / ratio), work))
      return figures
    })
    for (const [at, ratio] of ratios.entries()) add(contender.name, ratio, each[at]!)
  }
  if (record.gold === undefined) return
  const anchors = await work.remember(`${task.name} ${index} anchors`, work.say, async () => {
    const whole = record.passages.map(({ text }) => text).join('\n\n')
    return [await surpriseOfGold(record, whole, work), await surpriseOfGold(record, '', work)]
  })
  for (const ratio of task.ratios) {
    add('nothing left out', ratio, anchors[0]!)
    add('no context', ratio, anchors[1]!)
  }
}

async function figuresOf(
  contender: Contender,
  record: CompressionRecord,
  budget: number,
  work: Work,
): Promise<Figures> {
  const compressed = await contender.run(record, budget)
  return {
    ...record.measure(compressed),
    ...(await surpriseOfGold(record, compressed.text, work)),
    'budget used': compressed.tokens / budget,
  }
}

function rowsOf(key: string, figures: readonly Figures[]): Row[] {
  const [task, ratio, contestant] = JSON.parse(key) as [string, number, string]
  return Object.keys(figures[0]!).map((name) => {
    const values = figures.map((each) => each[name]!)
    return {
      contestant,
      what: `${task} ${ratio}x, ${name}`,
      unit: name === 'surprise of gold' ? 'nats/token' : '',
      value: summarise(values),
      detail: { mean: mean(values), 'standard error': standardError(values), records: values.length },
    }
  })
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
}

/** Of the mean of the values. */
function standardError(values: readonly number[]): number {
  const middle = mean(values)
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0)
  return Math.sqrt(squares / Math.max(1, values.length - 1) / values.length)
}

/** Mean surprise of the gold text after context and question, in nats per token. */
async function surpriseOfGold(record: CompressionRecord, context: string, { scorer }: Work): Promise<Figures> {
  if (record.gold === undefined) return {}
  const ask = record.ask ?? ''
  const request = { context: context === '' ? ask.trimStart() : `${context}${ask}`, continuation: record.gold }
  const [scored] = await scorer.score([request], { accuracy: 'fast' })
  return { 'surprise of gold': -mean(Array.from(scored!.logprobs)) }
}
