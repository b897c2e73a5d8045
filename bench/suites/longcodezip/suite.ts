import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { benchModel } from '../../runner/bench-input.ts'
import type { Contestant } from '../../runner/contestant-process.ts'
import { lcContestant } from '../../runner/contestants.ts'
import { interleave } from '../../runner/interleave.ts'
import { summarise } from '../../runner/statistics.ts'
import type { BenchOptions, Row, Suite } from '../../runner/suite.ts'

const budget = 640
const query = 'How does put wait until the queue is not full, and when does it raise Full?'

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

/** Both stages of LongCodeZip on one Python file: `queue.py` of Python's own library, about 2,600 tokens. */
export const suite: Suite = {
  title: `LongCodeZip: Python's queue.py to ${budget} tokens, both stages, from nothing`,
  async run(options, say) {
    const model = await benchModel(options)
    const file = execFileSync('python3', ['-c', 'import queue; print(queue.__file__)'], { encoding: 'utf8' }).trim()
    const converted = mkdtempSync(join(tmpdir(), 'lc-bench-'))
    try {
      const contestants = [
        lcContestant('lc fast', { LC_BENCH_ACCURACY: 'fast' }),
        lcContestant('lc exact', { LC_BENCH_ACCURACY: 'exact' }),
        official(options, converted),
      ]
      const tasks = [{ what: 'queue.py', request: { op: 'compress' as const, files: [file], query, budget } }]
      const { measurements, absent } = await interleave(contestants, model, tasks, Math.min(options.repeat, 2), say)
      const rows: Row[] = measurements.map(({ contestant, what, responses }) => ({
        contestant,
        what,
        unit: 's',
        value: summarise(responses.map(({ ms }) => ms! / 1000)),
        detail: responses.at(-1)?.detail ?? {},
      }))
      const reference = rows.find(({ contestant }) => contestant.startsWith('official'))
      for (const row of rows) {
        if (reference && row !== reference)
          row.ratios = [{ to: reference.contestant, value: reference.value.median / row.value.median }]
      }
      return { rows, absent }
    } finally {
      rmSync(converted, { recursive: true, force: true })
    }
  },
}
