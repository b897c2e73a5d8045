import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { openModel } from '@lc/core/hub'
import { platform } from '@lc/core/node'
import type { Passage, Tokenizer } from '@lc/model'
import { benchModel } from '../../runner/bench-input.ts'
import { ContestantProcess } from '../../runner/contestant-process.ts'
import { lcContestant } from '../../runner/contestants.ts'
import { sources } from '../../runner/own-texts.ts'
import { fittedExponent, summarise } from '../../runner/statistics.ts'
import type { BenchOptions, Row, Suite } from '../../runner/suite.ts'

const sizes = [12_000, 25_000, 50_000, 100_000]
const budget = 2000
const query = 'Where is the delay before the next try of a failed request computed?'
const root = join(import.meta.dirname, '..', '..', '..')

/** A folder of lc's own sources of about so many tokens. */
interface SizedFolder {
  folder: string
  files: string[]
  tokens: number
}

function writeFolder(base: string, size: number, passages: readonly Passage[], tokenizer: Tokenizer): SizedFolder {
  const folder = join(base, String(size))
  const written: string[] = []
  let tokens = 0
  for (const { source, text } of passages) {
    const own = tokenizer.count(text)
    if (tokens + own > size) continue
    tokens += own
    const file = join(folder, source.uri)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    written.push(file)
  }
  return { folder, files: written, tokens }
}

async function sizedFolders(base: string, model: string): Promise<SizedFolder[]> {
  const opened = await openModel({ file: model }, { platform })
  try {
    const passages = sources('packages')
    return sizes.map((size) => writeFolder(base, size, passages, opened.tokenizer))
  } finally {
    await opened.close()
  }
}

interface Timed {
  /** The whole command. */
  seconds: number
  /** Without start and loading. */
  compressing: number
  kept: number
}

/** `lc compress` as a user runs it, from its sources, without what earlier runs left. */
async function runCommand({ folder }: SizedFolder, model: string): Promise<Timed> {
  const parameters = ['--import', 'tsx', '--conditions=@lc/source', join(root, 'packages', 'cli', 'src', 'lc.ts')]
  const command = [
    'compress',
    folder,
    '--query',
    query,
    '--budget',
    `${budget}`,
    '--model',
    model,
    '--json',
    '--no-cache',
  ]
  const started = performance.now()
  const limits = { cwd: root, maxBuffer: 1 << 28 }
  const { stdout } = await promisify(execFile)(process.execPath, [...parameters, ...command], limits)
  const { seconds, tokens } = JSON.parse(stdout) as { seconds: number; tokens: number }
  return { seconds: (performance.now() - started) / 1000, compressing: seconds, kept: tokens }
}

/** `lc compress` on 12,000 to 100,000 tokens of lc's own code, and the exponent of its growth; then the same with every unit read by the model. */
export const suite: Suite = {
  title: `lc compress: growth with the input, to ${budget} tokens`,
  async run(options, say) {
    const model = await benchModel(options)
    const base = mkdtempSync(join(tmpdir(), 'lc-bench-'))
    try {
      const folders = await sizedFolders(base, model)
      const command = await commandRows(folders, model, options, say)
      const whole = await everyUnitRows(folders, model, say)
      return { rows: [...command, ...whole], absent: [], notes: [exponentNote(command), exponentNote(whole)] }
    } finally {
      rmSync(base, { recursive: true, force: true })
    }
  },
}

async function commandRows(
  folders: readonly SizedFolder[],
  model: string,
  { repeat }: BenchOptions,
  say: (line: string) => void,
): Promise<Row[]> {
  const runs: Timed[][] = folders.map(() => [])
  // the sizes take turns; the first round fills the page cache
  for (let round = 0; round <= Math.min(repeat, 3); round++)
    for (const [index, folder] of folders.entries()) {
      if (round === 0 && index > 0) continue
      const run = await runCommand(folder, model)
      say(`${round === 0 ? 'warm-up' : `round ${round}`}  ${folder.tokens} tokens: ${run.seconds.toFixed(1)} s`)
      if (round > 0) runs[index]!.push(run)
    }
  return folders.map(({ tokens, files }, index) => ({
    contestant: 'lc compress',
    what: `${tokens} tokens`,
    unit: 's',
    value: summarise(runs[index]!.map(({ seconds }) => seconds)),
    detail: {
      tokens,
      files: files.length,
      compressing: summarise(runs[index]!.map(({ compressing }) => compressing)).median,
      kept: runs[index]!.at(-1)!.kept,
    },
  }))
}

/** Without the prefilter, in one process: what reading everything costs. */
async function everyUnitRows(
  folders: readonly SizedFolder[],
  model: string,
  say: (line: string) => void,
): Promise<Row[]> {
  const child = new ContestantProcess(lcContestant('lc fast, every unit read', { LC_BENCH_ACCURACY: 'fast' }))
  try {
    await child.request({ op: 'load', model })
    const rows: Row[] = []
    for (const { files, tokens } of [folders[0]!, ...folders]) {
      const response = await child.request({ op: 'compress', files, query, budget, prefilter: 'off' })
      if (response.error) throw new Error(response.error)
      const seconds = response.ms! / 1000
      say(`every unit read  ${tokens} tokens: ${seconds.toFixed(1)} s`)
      const detail = { tokens, files: files.length, compressing: seconds, ...response.detail }
      rows.push({
        contestant: 'lc fast, every unit read',
        what: `${tokens} tokens`,
        unit: 's',
        value: summarise([seconds]),
        detail,
      })
    }
    // the first warms up
    return rows.slice(1)
  } finally {
    await child.close()
  }
}

function exponentNote(rows: readonly Row[]): string {
  const points = (secondsOf: (row: Row) => number) =>
    rows.map((row) => ({ size: Number(row.detail!.tokens), seconds: secondsOf(row) }))
  const whole = fittedExponent(points(({ value }) => value.median))
  const compressing = fittedExponent(points(({ detail }) => Number(detail!.compressing)))
  return `${rows[0]!.contestant}: seconds grow with tokens to the power ${whole.toFixed(2)} (compressing alone ${compressing.toFixed(2)}).`
}
