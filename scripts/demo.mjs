/**
 * @file The demo: compresses the sources of `@lc/model` to a token budget for a question, prints what was kept, answers
 * the question from it, and writes a heat-map. Options are those of `lc ask` and override these.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const report = 'lc-report.html'
const question = 'What is the default number of retries?'
const words = [
  'packages/model/src',
  '--exclude',
  '*.test.ts',
  '--query',
  question,
  '--budget',
  '1000',
  '--html',
  report,
]

process.stderr.write(`question: ${question}\n`)
const { status } = spawnSync(
  process.execPath,
  [
    join(root, 'packages/cli/dist/lc.js'),
    'ask',
    ...words,
    '--model',
    'smollm2-135m',
    '--max-tokens',
    '64',
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: 'inherit' },
)
if (status === 0) process.stderr.write(`heat-map: ${join(root, report)}\n`)
process.exit(status ?? 1)
