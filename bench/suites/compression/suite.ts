import { join } from 'node:path'
import { cachedScorer } from '@lc/compress'
import { type LocalModel, loadModel } from '@lc/core'
import type { Scorer } from '@lc/model'
import { benchModel } from '../../runner/bench-input.ts'
import { benchJournal, type Remember } from '../../runner/bench-journal.ts'
import { currentCommit } from '../../runner/machine.ts'
import { summarise } from '../../runner/statistics.ts'
import type { BenchOptions, Row, Suite } from '../../runner/suite.ts'
import { contenders } from './methods.ts'
import { writePages } from './quality-pages.ts'
import { type CompressionRecord, type CompressionTask, missingFiles, readTasks } from './records.ts'

/** Real data, or the end: nothing is measured on made-up texts. */
function dataFolder({ data }: BenchOptions): string {
  const missing = data === undefined ? ['--data FOLDER (or LC_DATA)'] : missingFiles(data)
  if (data !== undefined && missing.length === 0) return data
  process.stderr.write(`compression: missing ${missing.join(', ')}\n`)
  process.exit(3)
}

/** Figures of one record by their names. */
type Figures = Record<string, number>

interface Work {
  model: LocalModel
  scorer: Scorer
  remember: Remember
  say: (line: string) => void
}

/** What every method and baseline keeps of what matters, at several budgets; `--repeat` is the number of records of each task. */
export const suite: Suite = {
  title: 'Compression: what is kept of what matters',
  async run(options, say) {
    const tasks = readTasks(dataFolder(options), options.repeat, options.quick)
    const model = await loadModel({ file: await benchModel(options) })
    const scorer = cachedScorer(model)
    const journal = await benchJournal(options.journal, { suite: 'compression', commit: currentCommit().slice(0, 7) })
    try {
      const work = { model, scorer, remember: journal.remember, say }
      const rows: Row[] = []
      for (const task of tasks) rows.push(...(await runTask(task, work)))
      if (options.write)
        writePages(rows, options.repeat, join(import.meta.dirname, '..', '..', '..', 'docs', 'methods'))
      return {
        rows,
        absent: [
          { contestant: 'LLMLingua-2', reason: 'needs its classifier, which is on no package registry' },
          { contestant: 'pass@1', reason: 'SmolLM2-135M does not write working code' },
        ],
      }
    } finally {
      await journal.close()
      await scorer.close()
      await model.close()
    }
  },
}

/** Record by record, so that a run that is cut has all methods of the records that it did. */
async function runTask(task: CompressionTask, work: Work): Promise<Row[]> {
  const found = new Map<string, Figures[]>()
  const add = (name: string, ratio: number, figures: Figures): void => {
    const key = JSON.stringify([name, ratio])
    found.set(key, [...(found.get(key) ?? []), figures])
  }
  for (const [index, record] of task.records.entries()) {
    const tokens = record.passages.reduce((sum, { text }) => sum + work.model.tokenizer.count(text), 0)
    for (const ratio of task.ratios) {
      for (const contender of contenders(work.model, work.scorer, task.code)) {
        const key = `${task.name} ${index} ${ratio}x ${contender.name}`
        const figures = await work.remember(key, work.say, async () => {
          const result = await contender.run(record, Math.floor(tokens / ratio))
          return { ...record.measure(result), ...(await surpriseOfGold(record, result.text, work)) }
        })
        add(contender.name, ratio, figures)
      }
      if (record.gold !== undefined) {
        const whole = record.passages.map(({ text }) => text).join('\n\n')
        add('nothing left out', ratio, await surpriseOfGold(record, whole, work))
        add('no context', ratio, await surpriseOfGold(record, '', work))
      }
    }
  }
  return [...found].flatMap(([key, figures]) => {
    const [name, ratio] = JSON.parse(key) as [string, number]
    return rowsOf(name, `${task.name} ${ratio}x`, figures)
  })
}

function rowsOf(contestant: string, what: string, figures: readonly Figures[]): Row[] {
  return Object.keys(figures[0]!).map((name) => {
    const values = figures.map((each) => each[name]!)
    return {
      contestant,
      what: `${what}, ${name}`,
      unit: name === 'surprise of gold' ? 'nats/token' : '',
      value: summarise(values),
      detail: { mean: mean(values) },
    }
  })
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
}

/** Mean surprise of the gold text after context and question, in nats per token. */
async function surpriseOfGold(record: CompressionRecord, context: string, { scorer }: Work): Promise<Figures> {
  if (record.gold === undefined) return {}
  const ask = record.ask ?? ''
  const [scored] = await scorer.score([
    { context: context === '' ? ask.trimStart() : `${context}${ask}`, continuation: record.gold },
  ])
  return { 'surprise of gold': -mean(Array.from(scored!.logprobs)) }
}
