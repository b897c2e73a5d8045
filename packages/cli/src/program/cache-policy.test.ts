/** @file Cache policies on the command line, on a tiny local model. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runProgram } from './run-program.ts'

const model = join(import.meta.dirname, '../../../core/fixtures/tiny-llama')
const text = 'The cat sat on the mat and the dog lay by the door. '.repeat(8)

let cwd: string
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'lc-policy-'))
  await writeFile(join(cwd, 'before.txt'), text)
  await writeFile(join(cwd, 'next.txt'), 'The cat sat on the door.')
})
afterAll(() => rm(cwd, { recursive: true }))

function start(words: readonly string[], signal = new AbortController().signal) {
  const written = { stdout: '', stderr: '' }
  const sink = (name: 'stdout' | 'stderr') => ({
    write(text: string) {
      written[name] += text
    },
  })
  const finished = runProgram([...words, '--device', 'cpu'], {
    cwd,
    env: { LC_CACHE: join(cwd, 'cache') },
    stdin: Readable.from([text]),
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    signal,
  })
  return { finished, written }
}

async function json(...words: string[]) {
  const { finished, written } = start([...words, '--json'])
  expect(await finished, written.stdout + written.stderr).toBe(0)
  return JSON.parse(written.stdout)
}

test('lc generate tells what the policy left', async () => {
  const words = ['generate', '--model', model, '--raw', '--prompt', '-', '--max-tokens', '4']
  const full = await json(...words)
  expect(full.cache).toBeUndefined()
  const { cache } = await json(...words, '--policy', 'streaming-llm', '--budget', '20')
  expect(cache).toMatchObject({ policy: 'streaming-llm', slots: expect.any(Number) })
  expect(cache.slots).toBeLessThanOrEqual(20)
  expect(cache.tokens).toBeGreaterThan(60)
  const roomy = await json(...words, '--policy', 'snap-kv', '--budget', '4000')
  expect(roomy.text).toBe(full.text)
})

test('lc score reads a context under the policy', async () => {
  const words = ['score', '--model', model, '--file', 'next.txt', '--context', 'before.txt']
  const full = await json(...words)
  expect(full.tokens[0].logprob).toBeLessThan(0)
  const roomy = await json(...words, '--policy', 'tova', '--budget', '1000')
  expect(roomy.nll).toBeCloseTo(full.nll, 4)
  const tight = await json(...words, '--policy', 'streaming-llm', '--budget', '6')
  expect(Math.abs(tight.nll - full.nll)).toBeGreaterThan(1e-3)
})

test('lc ask takes the budget of the cache apart from that of the context', async () => {
  const words = [
    'ask',
    'before.txt',
    '--query',
    'Where is the dog?',
    '--model',
    model,
    '--budget',
    '60',
    '--max-tokens',
    '3',
  ]
  const { finished, written } = start([...words, '--policy', 'snap-kv', '--cache-budget', '0'])
  expect(await finished).toBe(2)
  expect(written.stderr).toContain('--cache-budget 0')
})

test('lc serve has a default, and takes another from a request', async () => {
  const controller = new AbortController()
  const words = [
    'serve',
    model,
    '--name',
    'tiny',
    '--port',
    '0',
    '--policy',
    'streaming-llm',
    '--budget',
    '20',
    '--json',
  ]
  const { finished, written } = start(words, controller.signal)
  while (written.stdout === '' && written.stderr === '') await new Promise((resolve) => setTimeout(resolve, 20))
  const { url } = JSON.parse(written.stdout) as { url: string }
  const post = async (body: object) => {
    const init = { prompt: text, max_tokens: 4, temperature: 0, ...body }
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${url}/completions`, { method: 'POST', headers, body: JSON.stringify(init) })
    return { status: response.status, body: await response.json() }
  }
  const bounded = await post({})
  expect(bounded.status, JSON.stringify(bounded.body)).toBe(200)
  const whole = await post({ policy: 'full' })
  expect(whole.body.choices[0].text).not.toBe(bounded.body.choices[0].text)
  const wrong = await post({ policy: { name: 'snapkv', budget: 20 } })
  expect(wrong.status).toBe(400)
  expect(wrong.body.error.message).toMatch(/"snap-kv"/)
  controller.abort()
  expect(await finished).toBe(130)
})

test.each([
  ['generate', '--prompt', 'x'],
  ['score', '--file', 'next.txt'],
])('lc %s refuses other names and budgets before a model is looked for', async (...words) => {
  const all = [...words, '--model', 'nowhere.gguf', '--policy']
  for (const [name, budget, problem] of [
    ['snapkv', '64', '--policy must be one of a-shape'],
    ['snap-kv', '0', 'budget must be'],
    ['snap-kv', '-3', '--budget'],
  ] as const) {
    const { finished, written } = start([...all, name, `--budget=${budget}`])
    expect(await finished).toBe(2)
    expect(written.stderr).toContain(problem)
  }
})

test('lc cache view writes a page of what is left', async () => {
  const words = ['cache', 'view', '--model', model, '--file', 'before.txt', '--policy', 'snap-kv', '--budget', '50%']
  const document = await json(...words, '--out', 'page.html', '--max-tokens', '3')
  expect(document).toMatchObject({ page: 'page.html', policy: 'snap-kv', slots: { max: expect.any(Number) } })
  expect(document.slots.mean).toBeLessThan(document.tokens * 0.6)
  expect(document.heads[0][0].kept.at(0)).toMatchObject({ because: 'chosen' })
  const page = await readFile(join(cwd, 'page.html'), 'utf8')
  expect(page).toContain('snap-kv on before.txt')
  expect(page).toContain('Kept tokens over the text')
})

test.each([
  [['cache', 'view'], '--model M, --file F and --out PAGE'],
  [['cache', 'view', '--model', 'm', '--file', 'before.txt', '--out', 'p', '--policy', 'x'], '--policy must be one of'],
  [['cache', 'paint'], 'or view'],
  [['cache', 'gates', '--model', 'm'], '--model M and --out FILE'],
])('%j is wrong usage', async (words, problem) => {
  const { finished, written } = start(words)
  expect(await finished).toBe(2)
  expect(written.stderr).toContain(problem)
})

test('an attention pattern is loaded with the model', async () => {
  const words = ['generate', '--model', model, '--raw', '--prompt', '-', '--max-tokens', '4']
  const full = await json(...words)
  const roomy = await json(...words, '--policy', 'quest', '--budget', '4096')
  expect(roomy.text).toBe(full.text)
  expect(roomy.cache.policy).toMatch(/^quest/)
})
