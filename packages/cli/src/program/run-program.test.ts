import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { allCommands } from '../commands/all-commands.ts'
import { runProgram } from './run-program.ts'

let cwd: string
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'lc-program-'))
  await writeFile(join(cwd, 'binary.dat'), Uint8Array.of(0, 1, 2))
})
afterAll(() => rm(cwd, { recursive: true }))

async function run(...words: string[]) {
  const written = { stdout: '', stderr: '' }
  const sink = (name: 'stdout' | 'stderr') => ({
    write(text: string) {
      written[name] += text
    },
  })
  const code = await runProgram(words, {
    cwd,
    env: {},
    stdin: Readable.from([]),
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    signal: new AbortController().signal,
  })
  return { code, ...written }
}

test('without a command the use is wrong, and stdout stays empty', async () => {
  const { code, stdout, stderr } = await run()
  expect(code).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).toMatch(/^lc: a command is needed: compress, ask, /)
})

test.each([['--help'], ['help'], ['-h']])('%s lists every command', async (word) => {
  const { code, stdout, stderr } = await run(word)
  expect(code).toBe(0)
  expect(stderr).toBe('')
  for (const command of allCommands) expect(stdout).toContain(`  ${command.name} `)
})

test.each(allCommands.map((command) => command.name))(
  'the help of %s has its use, options and examples',
  async (name) => {
    const { code, stdout } = await run(name, '--help')
    expect(code).toBe(0)
    expect(stdout).toContain(`Usage: lc ${name}`)
    expect(stdout).toContain('--json')
    expect(stdout).toMatch(new RegExp(`Examples:\n  [^\n]*lc ${name}`))
    expect((await run('help', name)).stdout).toBe(stdout)
    const longest = Math.max(...stdout.split('\n').map((line) => line.length))
    expect(longest).toBeLessThanOrEqual(140)
  },
)

test('the help of embed as it is read', async () => {
  const { stdout } = await run('embed', '--help')
  expect(stdout).toMatchInlineSnapshot(`
    "lc embed - a vector for each line of the standard input

    Usage: lc embed --model M < TEXTS

    Options:
      --model M              an alias (lc models list), a .gguf file, a folder, or a hub name (needed)
      --device WORD          where it runs, by default auto: auto, cpu, webgpu, cuda, coreml, directml
      --context-length N     tokens of context, at most what the model has
      --offline              use only what is already on this machine
      --server URL           M is a model of this OpenAI-compatible server, as http://127.0.0.1:8000/v1
      --tokenizer M          with --server: a local model with the same tokenizer
      --kind query|document  adds the prefix that the model wants, if it wants one (default: document)
      --json                 print exactly one JSON document on stdout, also for errors
      --quiet                no progress and no remarks on stderr
      --help                 show this help

    Examples:
      lc embed --model all-minilm-l6-v2 --json < lines.txt
          one array of numbers a line
      echo "where is the cache?" | lc embed --model all-minilm-l6-v2 --kind query
          numbers with spaces
    "
  `)
})

test.each<[string, string[], string]>([
  ['an unknown command', ['nonsense'], 'there is no command "nonsense"'],
  ['an option before the command', ['--model', 'm'], 'the first word must be a command'],
  ['an unknown option', ['score', '--nonsense'], "unknown option '--nonsense'"],
  ['a missing option', ['score', '--model', 'm'], '--file F is needed'],
  [
    'a budget that is no integer',
    ['compress', 'x', '--query', 'q', '--budget', 'many', '--model', 'm'],
    '--budget must be an integer',
  ],
  [
    'no paths',
    ['compress', '--query', 'q', '--budget', '9', '--model', 'm'],
    'at least one file, folder or - is needed',
  ],
  ['a word too many', ['score', 'more', '--file', 'f', '--model', 'm'], 'unexpected "more"'],
])('%s is wrong usage: exit code 2, said on stderr or as JSON', async (_name, words, problem) => {
  const plain = await run(...words)
  expect(plain.code).toBe(2)
  expect(plain.stdout).toBe('')
  expect(plain.stderr).toContain(problem)
  const json = await run(...words, '--json')
  expect(json.code).toBe(2)
  expect(json.stderr).toBe('')
  expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: 'usage', message: expect.stringContaining(problem) } })
})

test.each<[string, string[], string]>([
  ['a file that does not exist', ['score', '--model', 'm', '--file', 'nowhere.txt'], 'nowhere.txt: does not exist'],
  ['a binary file', ['score', '--model', 'm', '--file', 'binary.dat'], 'binary.dat: is not UTF-8 text'],
  [
    'no text among the files',
    ['compress', 'binary.dat', '--query', 'q', '--budget', '9', '--model', 'm'],
    'no text files were found',
  ],
])('%s fails before a model is looked for: exit code 1', async (_name, words, problem) => {
  const { code, stdout } = await run(...words, '--json')
  expect(code).toBe(1)
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'input', message: expect.stringContaining(problem) } })
})

test('the version is that of the package', async () => {
  expect((await run('--version')).stdout).toMatch(/^\d+\.\d+\.\d+/)
  expect(JSON.parse((await run('--version', '--json')).stdout)).toEqual({
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
  })
})

test('doctor checks this machine', async () => {
  const { code, stdout } = await run('doctor', '--json')
  const document = JSON.parse(stdout) as { ok: boolean; checks: { name: string; state: string }[] }
  expect(code).toBe(document.ok ? 0 : 3)
  expect(document.checks.map((check) => check.name)).toEqual(
    expect.arrayContaining(['node', 'onnx runtime', 'cache folder', 'disk space']),
  )
})
