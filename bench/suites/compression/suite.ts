import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type LocalModel, loadModel } from '@lc/core'
import { benchModel } from '../../runner/bench-input.ts'
import { summarise } from '../../runner/statistics.ts'
import type { BenchOptions, Row, Suite } from '../../runner/suite.ts'
import { contenders } from './methods.ts'
import { type PlotPoint, plotQuality } from './plot.ts'
import { type CompressionRecord, type CompressionTask, missingFiles, readTasks } from './records.ts'

const documents = join(import.meta.dirname, '..', '..', '..', 'docs', 'methods')

/** Real data, or the end: nothing is measured on made-up texts. */
function dataFolder({ data }: BenchOptions): string {
  const missing = data === undefined ? ['--data FOLDER (or LC_DATA)'] : missingFiles(data)
  if (data !== undefined && missing.length === 0) return data
  process.stderr.write(`compression: missing ${missing.join(', ')}\n`)
  process.exit(3)
}

/** What every method and baseline keeps of what matters, at several budgets; `--repeat` is the number of records of each task. */
export const suite: Suite = {
  title: 'Compression: what is kept of what matters',
  async run(options, say) {
    const tasks = readTasks(dataFolder(options), options.repeat)
    const model = await loadModel({ file: await benchModel(options) })
    try {
      const rows: Row[] = []
      for (const task of tasks) rows.push(...(await runTask(task, model, say)))
      if (options.write) writeFileSync(join(documents, 'compression-quality.svg'), plotQuality(pointsOf(rows)))
      return {
        rows,
        absent: [
          { contestant: 'LLMLingua-2', reason: 'needs its classifier, which is on no package registry' },
          { contestant: 'pass@1', reason: 'SmolLM2-135M does not write working code' },
        ],
      }
    } finally {
      await model.close()
    }
  },
}

async function runTask(task: CompressionTask, model: LocalModel, say: (line: string) => void): Promise<Row[]> {
  const rows: Row[] = []
  for (const ratio of task.ratios)
    for (const contender of contenders(model, task.code)) {
      const figures = new Map<string, number[]>()
      for (const record of task.records) {
        const all = record.passages.reduce((sum, { text }) => sum + model.tokenizer.count(text), 0)
        const started = performance.now()
        const result = await contender.run(record, Math.floor(all / ratio))
        const seconds = (performance.now() - started) / 1000
        const found = { ...record.measure(result), ...(await surpriseOfGold(record, result.text, model)), seconds }
        for (const [name, value] of Object.entries(found)) figures.set(name, [...(figures.get(name) ?? []), value])
      }
      const what = `${task.name} ${ratio}x`
      rows.push(...rowsOf(contender.name, what, figures))
      say(
        `${what} ${contender.name} ${[...figures].map(([name, values]) => `${name} ${mean(values).toFixed(3)}`).join(', ')}`,
      )
    }
  return rows
}

function rowsOf(contestant: string, what: string, figures: ReadonlyMap<string, readonly number[]>): Row[] {
  const seconds = mean(figures.get('seconds') ?? [])
  return [...figures]
    .filter(([name]) => name !== 'seconds')
    .map(([name, values]) => ({
      contestant,
      what: `${what}, ${name}`,
      unit: name === 'surprise of gold' ? 'nats/token' : '',
      value: summarise(values),
      detail: { mean: mean(values), seconds },
    }))
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
}

/** Mean surprise of the gold text after context and question, in nats per token. */
async function surpriseOfGold(
  record: CompressionRecord,
  context: string,
  model: LocalModel,
): Promise<Record<string, number>> {
  if (record.gold === undefined) return {}
  const [scored] = await model.score([{ context: `${context}${record.ask ?? ''}`, continuation: record.gold }])
  return { 'surprise of gold': -mean(Array.from(scored!.logprobs)) }
}

function pointsOf(rows: readonly Row[]): PlotPoint[] {
  return rows.map(({ contestant, what, detail }) => {
    const [, task, ratio, figure] = /^(\w+) (\d+)x, (.*)$/.exec(what)!
    return { figure: `${task}: ${figure}`, method: contestant, ratio: Number(ratio), value: Number(detail!.mean) }
  })
}
