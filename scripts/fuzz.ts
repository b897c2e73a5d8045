/**
 * @file Fuzzes the readers of model files with mutants of real ones.
 *
 *   npm run fuzz                          1,000,000 cases, among them 1,000 of a full-size file
 *   npm run fuzz -- --cases 20000 --only gguf
 *   npm run fuzz -- --model FILE.gguf     with another full-size file than that of SmolLM2-135M
 *   npm run fuzz -- --only gguf --from 4711 --cases 1      one case again
 *
 * Cases run in child processes that report before each batch, so that a crash, a hang or too much memory is seen from
 * outside and named by its case.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { open } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import {
  type FuzzFault,
  type FuzzTarget,
  fuzzTargets,
  ggufTarget,
  runFuzzCase,
} from '../packages/core/fuzz/fuzz-targets.ts'
import { modelFile } from './model-file.ts'

interface Work {
  readonly target: string
  readonly from: number
  readonly to: number
  readonly model?: string | undefined
}

type Report = { kind: 'begin'; seed: number } | { kind: 'fault'; fault: FuzzFault } | { kind: 'end' }

const batch = 250
const silenceMs = 60_000
const fullSize = 'gguf, full size'
const shares: Readonly<Record<string, number>> = {
  gguf: 0.25,
  safetensors: 0.25,
  'tokenizer.json': 0.2,
  'chat template': 0.1,
  'index and configuration files': 0.15,
  zip: 0.05,
}

if (process.send) process.on('message', (work: Work) => void runWork(work))
else process.exitCode = await main()

/** Runs a share of cases in a child process. */
async function runWork(work: Work): Promise<void> {
  const send = (report: Report): void => void process.send!(report)
  const target = await findTarget(work)
  for (let seed = work.from; seed < work.to; seed++) {
    if ((seed - work.from) % (work.model ? 1 : batch) === 0) send({ kind: 'begin', seed })
    const fault = await runFuzzCase(target, seed)
    if (fault) send({ kind: 'fault', fault })
  }
  send({ kind: 'end' })
  process.disconnect()
}

async function findTarget({ target, model }: Work): Promise<FuzzTarget> {
  if (model === undefined) return fuzzTargets().find(({ name }) => name === target)!
  // the header and the first weights of a real file
  const handle = await open(model)
  const bytes = new Uint8Array(Math.min((await handle.stat()).size, 8_000_000))
  await handle.read(bytes, 0, bytes.length, 0)
  await handle.close()
  return { ...ggufTarget([bytes]), name: fullSize }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      cases: { type: 'string', default: '1000000' },
      from: { type: 'string', default: '0' },
      only: { type: 'string' },
      model: { type: 'string' },
    },
  })
  const cases = Number(values.cases)
  const from = Number(values.from)
  const queue: Work[] = []
  for (const { name } of fuzzTargets()) {
    if (values.only !== undefined && values.only !== name) continue
    const count = Math.ceil(cases * (values.only === undefined ? shares[name]! : 1))
    const piece = Math.ceil(count / availableParallelism())
    for (let at = from; at < from + count; at += piece)
      queue.push({ target: name, from: at, to: Math.min(from + count, at + piece) })
  }
  if (values.only === undefined || values.only === fullSize) {
    const model = values.model ?? (await modelFile('smollm2-135m'))
    queue.push({ target: fullSize, from, to: from + Math.min(1000, cases), model })
  }
  const total = queue.reduce((sum, work) => sum + work.to - work.from, 0)
  const faults: FuzzFault[] = []
  const start = performance.now()
  await Promise.all(
    Array.from({ length: availableParallelism() }, async () => {
      for (let work = queue.shift(); work; work = queue.shift()) {
        await runInChild(work, (fault) => {
          faults.push(fault)
          console.error(`FAULT ${fault.target} ${fault.seed}: ${fault.problem}`)
        })
        console.error(`${work.target}: cases ${work.from} to ${work.to - 1} done after ${seconds(start)} s`)
      }
    }),
  )
  console.log(`${total} cases in ${seconds(start)} s: ${faults.length} crashes, hangs or other faults`)
  return faults.length === 0 ? 0 : 1
}

function seconds(start: number): string {
  return ((performance.now() - start) / 1000).toFixed(0)
}

/** Runs the work in a child; after a crash or hang the rest of it in another. */
async function runInChild(work: Work, report: (fault: FuzzFault) => void): Promise<void> {
  let from: number | undefined = work.from
  while (from !== undefined && from < work.to) from = await runUntilDeath({ ...work, from }, report)
}

/** Gives the case from which to go on when the child died, undefined when it ended well. */
function runUntilDeath(work: Work, report: (fault: FuzzFault) => void): Promise<number | undefined> {
  return new Promise((resolve) => {
    const child: ChildProcess = fork(fileURLToPath(import.meta.url), [], { execArgv: process.execArgv })
    let begun = work.from
    let ended = false
    let timer = setTimeout(() => child.kill('SIGKILL'), silenceMs)
    child.on('message', (message: Report) => {
      clearTimeout(timer)
      timer = setTimeout(() => child.kill('SIGKILL'), silenceMs)
      if (message.kind === 'begin') begun = message.seed
      else if (message.kind === 'fault') report(message.fault)
      else ended = true
    })
    child.on('exit', (code, signal) => {
      clearTimeout(timer)
      if (!ended)
        report({
          target: work.target,
          seed: begun,
          problem: `the process ended with ${signal ?? code} in the ${batch} cases from here`,
        })
      resolve(ended ? undefined : begun + batch)
    })
    child.send(work)
  })
}
