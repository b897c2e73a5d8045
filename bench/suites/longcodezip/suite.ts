import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { benchModel } from '../../runner/bench-input.ts'
import type { Contestant } from '../../runner/contestant-process.ts'
import { lcContestant } from '../../runner/contestants.ts'
import { interleave } from '../../runner/interleave.ts'
import { summarise } from '../../runner/statistics.ts'
import type { BenchOptions, Row, Suite } from '../../runner/suite.ts'

const budget = 640

/** A file to compress, and the question. */
interface Sample {
  file: string
  query: string
}

/** `queue.py` of Python's own library (2,614 tokens); with a checkout its own example too (2,596 tokens). */
function samples({ longcodezip }: BenchOptions): Sample[] {
  const library = execFileSync('python3', ['-c', 'import queue; print(queue.__file__)'], { encoding: 'utf8' }).trim()
  const own = {
    file: library,
    query: 'How does put wait until the queue is not full, and when does it raise Full?',
  }
  const example = join(longcodezip ?? '', 'assets', 'example_context.py')
  if (!longcodezip || !existsSync(example)) return [own]
  return [{ file: example, query: 'How are tool calls run, and what is done when one of them fails?' }, own]
}

function official(options: BenchOptions, converted: string): Contestant {
  const missing = !options.longcodezip
    ? 'give --longcodezip with a checkout of YerbaPage/LongCodeZip at 71248b7; recorded beside this suite'
    : existsSync(options.python ?? '')
      ? undefined
      : 'no Python: run bench/peers/environment.sh or give --python'
  return {
    name: 'official LongCodeZip, float32',
    command: options.python ?? 'python3',
    parameters: [join(import.meta.dirname, '..', '..', 'contestants', 'longcodezip.py')],
    env: { LC_BENCH_LONGCODEZIP: options.longcodezip ?? '', LC_BENCH_CONVERTED: converted },
    missing,
  }
}

/** Both stages of LongCodeZip on Python files of about 2,600 tokens. LC_BENCH_FLOAT32 names a folder of the model in float32, if there is one. */
export const suite: Suite = {
  title: `LongCodeZip: a Python file of 2,600 tokens to ${budget}, both stages, from nothing`,
  async run(options, say) {
    const model = await benchModel(options)
    const converted = mkdtempSync(join(tmpdir(), 'lc-bench-'))
    try {
      const contestants = [
        lcContestant('lc fast', { LC_BENCH_ACCURACY: 'fast' }),
        lcContestant('lc exact', { LC_BENCH_ACCURACY: 'exact' }),
        official(options, converted),
      ]
      const tasks = samples(options).map(({ file, query }) => ({
        what: basename(file),
        request: { op: 'compress' as const, files: [file], query, budget },
      }))
      const { measurements, absent } = await interleave(contestants, model, tasks, Math.min(options.repeat, 2), say)
      const rows: Row[] = measurements.map(({ contestant, what, responses }) => ({
        contestant,
        what,
        unit: 's',
        value: summarise(responses.map(({ ms }) => ms! / 1000)),
        detail: responses.at(-1)?.detail ?? {},
      }))
      for (const row of rows) {
        const reference = rows.find(({ contestant, what }) => contestant.startsWith('official') && what === row.what)
        if (reference && row !== reference)
          row.ratios = [{ to: reference.contestant, value: reference.value.median / row.value.median }]
      }
      return { rows, absent }
    } finally {
      rmSync(converted, { recursive: true, force: true })
    }
  },
}
