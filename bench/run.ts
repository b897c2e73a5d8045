/**
 * @file `npm run bench`: measures lc side by side with its peers. Contestants take turns within each round, so that
 * what else the machine does falls on all alike. Results are written with machine, versions and commit.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { currentCommit, describeMachine } from './runner/machine.ts'
import { renderTable } from './runner/render-table.ts'
import type { BenchOptions, Suite, SuiteResult } from './runner/suite.ts'
import { writeResult } from './runner/write-result.ts'

const suites: Record<string, () => Promise<{ suite: Suite }>> = {
  scoring: () => import('./suites/scoring/suite.ts'),
  prefill: () => import('./suites/prefill/suite.ts'),
  decode: () => import('./suites/decode/suite.ts'),
  load: () => import('./suites/load/suite.ts'),
  longcodezip: () => import('./suites/longcodezip/suite.ts'),
  growth: () => import('./suites/growth/suite.ts'),
  specpc: () => import('./suites/specpc/suite.ts'),
  compression: () => import('./suites/compression/suite.ts'),
  'compression-speed': () => import('./suites/compression-speed/suite.ts'),
  speculation: () => import('./suites/speculation/suite.ts'),
  'cache-quality': () => import('./suites/cache-quality/suite.ts'),
  'cache-speed': () => import('./suites/cache-speed/suite.ts'),
  'pattern-speed': () => import('./suites/pattern-speed/suite.ts'),
}

const help = `npm run bench -- [options]

  --suite NAME,...     ${Object.keys(suites).join(', ')} (default: all)
  --repeat N           rounds (default 5)
  --model FILE         GGUF file (default: the alias smollm2-135m, fetched once)
  --data FOLDER        real data sets (or LC_DATA); suites that need it say so. own: texts of this checkout, for the cache suites
  --quick              smaller sizes, for the cache and compression suites
  --journal FILE       records finished pieces of the cache and compression suites: a run that was cut goes on from there
  --python FILE        Python with torch and transformers (default bench/peers/.venv/bin/python, made by bench/peers/environment.sh)
  --longcodezip FOLDER checkout of the official LongCodeZip (not on PyPI)
  --write              record the results in bench/suites/*/results
  --json               print one JSON document
`

function readOptions(): BenchOptions & { names: string[]; write: boolean; json: boolean } {
  const { values } = parseArgs({
    options: {
      suite: { type: 'string' },
      repeat: { type: 'string', default: '5' },
      model: { type: 'string' },
      data: { type: 'string', default: process.env.LC_DATA },
      python: { type: 'string', default: 'bench/peers/.venv/bin/python' },
      longcodezip: { type: 'string' },
      quick: { type: 'boolean', default: false },
      journal: { type: 'string' },
      write: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const names = values.suite?.split(',') ?? Object.keys(suites)
  const unknown = names.find((name) => !(name in suites))
  const repeat = Number(values.repeat)
  if (values.help || unknown !== undefined || !Number.isInteger(repeat) || repeat < 1) {
    process.stdout.write(help)
    if (!values.help)
      process.stderr.write(
        unknown === undefined
          ? '--repeat must be a positive integer\n'
          : `--suite must name known suites; got ${unknown}\n`,
      )
    process.exit(values.help ? 0 : 2)
  }
  return {
    names,
    repeat,
    model: values.model,
    data: values.data,
    python: values.python,
    longcodezip: values.longcodezip,
    quick: values.quick,
    journal: values.journal,
    write: values.write,
    json: values.json,
  }
}

const options = readOptions()
const machine = describeMachine(readFileSync('/proc/cpuinfo', 'utf8').match(/^flags.*$/m)?.[0] ?? '')
const results: SuiteResult[] = []
for (const name of options.names) {
  const { suite } = await suites[name]!()
  process.stderr.write(`== ${name}: ${suite.title}\n`)
  const table = await suite.run(options, (line) => process.stderr.write(`   ${line}\n`))
  const result: SuiteResult = {
    suite: name,
    title: suite.title,
    date: new Date().toISOString(),
    commit: currentCommit(),
    machine,
    command: `npm run bench -- --suite ${name}${options.quick ? ' --quick' : ''}`,
    ...table,
  }
  results.push(result)
  if (options.write) writeResult(result)
  if (!options.json) process.stdout.write(`\n${renderTable(result)}\n`)
}
if (options.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`)
