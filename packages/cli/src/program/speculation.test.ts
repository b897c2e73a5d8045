/** @file Speculation, gates and draft models on the command line, on a tiny local model. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runProgram } from './run-program.ts'

const model = join(import.meta.dirname, '../../../core/fixtures/tiny-llama')
const prompt = 'the cat sat on the mat and the cat sat on the hat and the dog sat on the cat and '.repeat(3)

let cwd: string
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'lc-speculation-'))
})
afterAll(() => rm(cwd, { recursive: true }))

async function lc(...words: string[]) {
  const written = { stdout: '', stderr: '' }
  const sink = (name: 'stdout' | 'stderr') => ({
    write(text: string) {
      written[name] += text
    },
  })
  const code = await runProgram(['generate', ...words, '--device', 'cpu'], {
    cwd,
    env: { LC_CACHE: join(cwd, 'cache') },
    stdin: Readable.from([prompt]),
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    signal: new AbortController().signal,
  })
  return { code, ...written }
}

const words = ['--model', model, '--raw', '--prompt', '-', '--max-tokens', '24', '--json']
async function answer(...more: string[]) {
  const { code, stdout, stderr } = await lc(...words, ...more)
  expect(code, stdout + stderr).toBe(0)
  return JSON.parse(stdout)
}

/** The same model with two tokens of its vocabulary exchanged. */
async function modelWithSwappedTokens(): Promise<string> {
  const folder = join(cwd, 'swapped')
  await cp(model, folder, { recursive: true })
  const file = join(folder, 'tokenizer.json')
  const tokenizer = JSON.parse(await readFile(file, 'utf8'))
  const { vocab } = tokenizer.model
  const [one, two] = Object.keys(vocab).slice(-2) as [string, string]
  tokenizer.model.vocab = { ...vocab, [one]: vocab[two], [two]: vocab[one] }
  await writeFile(file, JSON.stringify(tokenizer))
  return folder
}

describe('lc generate --speculate', () => {
  test.each([
    [['prompt-lookup'], 'prompt-lookup'],
    [['prompt-lookup', '--policy', 'snap-kv', '--budget', '4000'], 'prompt-lookup'],
    [['self', '--policy', 'streaming-llm', '--budget', '16'], 'self-speculation(streaming-llm)'],
    [['self'], 'self-speculation(snap-kv)'],
    [['draft-model', '--draft-model', model], `draft-model(${model})`],
  ])('%j gives the answer of the model alone', async (choice, drafter) => {
    const alone = await answer()
    expect(alone.speculation).toBeUndefined()
    const { speculation, ...drafted } = await answer('--speculate', ...choice)
    expect(drafted.ids).toEqual(alone.ids)
    expect(drafted.text).toBe(alone.text)
    expect(speculation.drafter).toBe(drafter)
    expect(speculation.passes).toBeLessThanOrEqual(alone.ids.length)
  })

  test('a model that drafts for itself is right', async () => {
    const { speculation } = await answer('--speculate', 'draft-model', '--draft-model', model)
    expect(speculation.drafted).toBeGreaterThan(0)
    expect(speculation.accepted).toBe(speculation.drafted)
  })

  test('a stream ends with a remark on how it went', async () => {
    const { code, stdout, stderr } = await lc(...words.slice(0, -1), '--speculate', 'prompt-lookup')
    expect(code).toBe(0)
    expect(stdout.trim()).not.toBe('')
    expect(stderr).toMatch(/prompt-lookup: \d+ of \d+ drafted tokens were right, \d+ runs of the model/)
  })

  test.each([
    [['--speculate', 'guess'], '--speculate must be one of prompt-lookup, self, draft-model'],
    [['--speculate', 'draft-model'], '--speculate draft-model needs --draft-model M'],
    [['--draft-model', 'm'], '--draft-model needs --policy spec-kv'],
    [['--speculate', 'self', '--server', 'http://127.0.0.1:1/v1'], '--speculate is for local models'],
    [['--speculate', 'self', '--policy', 'quest', '--budget', '64'], '--speculate self drafts on a cache policy'],
  ])('%j is wrong usage, told before a model is looked for', async (more, problem) => {
    const { code, stderr } = await lc('--model', 'nowhere.gguf', '--prompt', 'x', ...more)
    expect(code, stderr).toBe(2)
    expect(stderr).toContain(problem)
  })

  test('a draft model of other tokens, and a policy that acts between tokens, are refused', async () => {
    const other = await lc(...words, '--speculate', 'draft-model', '--draft-model', await modelWithSwappedTokens())
    expect(other.code).toBe(2)
    expect(JSON.parse(other.stdout).error).toMatchObject({ code: 'invalid-argument' })
    const acting = await lc(...words, '--speculate', 'prompt-lookup', '--policy', 'streaming-llm', '--budget', '20')
    expect(acting.code).toBe(1)
    expect(JSON.parse(acting.stdout).error).toMatchObject({ code: 'policy-plan' })
  })
})

describe('lc generate --policy duo-attention', () => {
  const duo = ['--policy', 'duo-attention', '--gates', 'gates.tsv']

  test('heads keep what their gates say', async () => {
    await writeFile(join(cwd, 'gates.tsv'), '1\t0\n0\t1\n')
    const { cache } = await answer(...duo)
    expect(cache.policy).toBe('duo-attention')
  })

  test.each([
    ['1\t0\n', 'policy-plan', 'a profile of 2 layers and 2 heads; this one has 1 and 2'],
    ['1\tmuch\n', 'input', 'gates.tsv: is no file of gates'],
    ['', 'input', 'gates.tsv: is no file of gates'],
  ])('a file of %j is refused', async (text, code, problem) => {
    await writeFile(join(cwd, 'gates.tsv'), text)
    const { code: exit, stdout } = await lc(...words, ...duo)
    expect(exit).toBe(1)
    const { error } = JSON.parse(stdout)
    expect(error.code).toBe(code)
    expect(error.message).toContain(problem)
  })

  test('a missing file is named', async () => {
    const { code, stdout } = await lc(...words, '--policy', 'duo-attention', '--gates', 'nowhere.tsv')
    expect(code).toBe(1)
    expect(JSON.parse(stdout).error.message).toBe('nowhere.tsv: does not exist')
  })
})

test('lc generate --policy spec-kv chooses by what a draft model answers', async () => {
  const spec = ['--policy', 'spec-kv', '--draft-model', model]
  const full = await answer()
  const roomy = await answer(...spec, '--budget', '4000')
  expect(roomy.text).toBe(full.text)
  const { cache } = await answer(...spec, '--budget', '40')
  expect(cache).toMatchObject({ policy: 'spec-kv', slots: expect.any(Number) })
  expect(cache.slots).toBeLessThan(cache.tokens)
})
