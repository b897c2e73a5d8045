/** @file The command as people run it, on real models: the JSON forms, budgets, interruption, and a served model. */
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

// by its address: the command runs in another folder
const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
const program = join(import.meta.dirname, '..', 'lc.ts')
const sources = join(import.meta.dirname, '../../../model/src/http')
const model = ['--model', 'smollm2-135m']

let cwd: string
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'lc-real-'))
})
afterAll(() => rm(cwd, { recursive: true, force: true }))

function start(words: readonly string[], stdin = '') {
  const parameters = ['--conditions=@lc/source', '--import', loader, program, ...words]
  const child = spawn(process.execPath, parameters, { cwd, env: { ...process.env, NO_COLOR: '1' } })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (data) => {
    stdout += data
  })
  child.stderr.on('data', (data) => {
    stderr += data
  })
  child.stdin.end(stdin)
  const finished = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
  return { child, finished, output: () => stdout, errors: () => stderr }
}

async function json(words: readonly string[], stdin?: string) {
  const { code, stdout, stderr } = await start([...words, '--json'], stdin).finished
  expect(code, stdout + stderr).toBe(0)
  return JSON.parse(stdout)
}

describe('lc score', () => {
  const text = 'Zürich 😀 — the cat sat on the mat.\r\nThe cat sat on the mat.\n'

  test.each(['exact', 'fast'])('%s: every token has its place, the first no probability', async (accuracy) => {
    await writeFile(join(cwd, 'text.txt'), text)
    const document = await json(['score', ...model, '--file', 'text.txt', '--accuracy', accuracy])
    expect(Object.keys(document)).toEqual(['tokens', 'nll', 'perplexity', 'accuracy', 'seconds'])
    const { tokens, nll, perplexity } = document
    expect(document.accuracy).toBe(accuracy)
    expect(tokens[0].logprob).toBe(null)
    for (const token of tokens) {
      expect(Object.keys(token)).toEqual(['id', 'text', 'start', 'end', 'logprob'])
      expect(token.text).toBe(text.slice(token.start, token.end))
    }
    expect(tokens.at(-1).end).toBe(text.length)
    const others = tokens.slice(1).map((token: { logprob: number }) => token.logprob)
    const mean = -others.reduce((sum: number, value: number) => sum + value, 0) / others.length
    expect(nll).toBeCloseTo(mean, 5)
    expect(perplexity).toBeCloseTo(Math.exp(mean), 3)
    // the second sentence is foretold by the first
    expect(others.at(-2)).toBeGreaterThan(-1)
  })

  test.each([
    ['', 0],
    ['cat', 1],
  ])('%j has no mean', async (short, count) => {
    const document = await json(['score', ...model, '--file', '-'], short)
    expect(document).toMatchObject({ nll: null, perplexity: null })
    expect(document.tokens).toHaveLength(count)
  })
})

test('lc generate: the same text and ids each time; --raw continues', async () => {
  const words = [
    'generate',
    ...model,
    '--prompt',
    'What is the capital of France?',
    '--max-tokens',
    '24',
    '--temperature',
    '0',
  ]
  const document = await json(words)
  expect(Object.keys(document)).toEqual(['text', 'ids', 'promptTokens', 'finishReason'])
  expect(document.text).toContain('Paris')
  expect(document.ids.length).toBeGreaterThan(0)
  expect(document.promptTokens).toBeGreaterThan(10)
  const streamed = await start(words).finished
  expect(streamed.stdout).toBe(document.text.endsWith('\n') ? document.text : `${document.text}\n`)
  const raw = await json([
    'generate',
    ...model,
    '--raw',
    '--prompt',
    '1 + 1 = 2, 2 + 2 =',
    '--max-tokens',
    '2',
    '--temperature',
    '0',
  ])
  expect(raw).toMatchObject({ text: ' 4', finishReason: 'length', promptTokens: expect.any(Number) })
})

test('lc embed: one normalised vector a line; near sentences are near', async () => {
  const lines = 'The cat sleeps on the sofa.\nA kitten is napping on the couch.\nInterest rates rose again.\n'
  const vectors: number[][] = await json(['embed', '--model', 'all-minilm-l6-v2'], lines)
  expect(vectors.map((vector) => vector.length)).toEqual([384, 384, 384])
  const dot = (a: number, b: number) => vectors[a]!.reduce((sum, value, index) => sum + value * vectors[b]![index]!, 0)
  expect(dot(0, 0)).toBeCloseTo(1, 4)
  expect(dot(0, 1)).toBeGreaterThan(dot(0, 2) + 0.3)
})

describe('lc compress', () => {
  const query = 'How long is the pause before a failed call is tried again?'

  test('keeps within the budget, maps every kept range to its file, draws a heat-map', async () => {
    const words = [
      'compress',
      sources,
      '--exclude',
      '*.test.ts',
      '--query',
      query,
      '--budget',
      '300',
      '--html',
      'kept.html',
    ]
    const document = await json([...words, ...model])
    expect(Object.keys(document)).toEqual(['text', 'tokens', 'originalTokens', 'budget', 'units', 'seconds'])
    expect(document.tokens).toBeLessThanOrEqual(300)
    expect(document.tokens).toBeGreaterThan(250)
    expect(document.originalTokens).toBeGreaterThan(2000)
    for (const unit of document.units) {
      expect(Object.keys(unit)).toEqual(['source', 'start', 'end', 'name', 'score', 'tokens', 'kept'])
      const file = await readFile(unit.source, 'utf8')
      for (const [from, to] of unit.kept) {
        expect(from).toBeGreaterThanOrEqual(unit.start)
        expect(to).toBeLessThanOrEqual(unit.end)
        expect(document.text).toContain(file.slice(from, to))
      }
    }
    expect(document.text).toContain('retryDelayMs')
    expect(await readFile(join(cwd, 'kept.html'), 'utf8')).toMatch(/^<!doctype html>/i)
  })

  const notes = `${Array.from({ length: 30 }, (_, day) => `On day ${day} the wind came from the west.`).join(' ')} The lantern of the pier was painted violet. Nothing else happened.`
  const classifier = join(import.meta.dirname, '../../../compress/fixtures/llmlingua2/xlm-roberta-large')

  test.each(['llmlingua', 'longllmlingua', 'llmlingua2', 'selective-context', 'specpc', 'no-model', 'longcodezip'])(
    '--method %s: within the budget, explained, drawn',
    async (method) => {
      await writeFile(join(cwd, 'notes.txt'), notes)
      const named = method === 'llmlingua2' ? ['--model', classifier] : model
      const words = ['compress', 'notes.txt', '--query', 'What colour is the lantern?', '--budget', '90', ...named]
      const document = await json([...words, '--method', method, '--explain', '--html', `${method}.html`])
      expect(document.tokens).toBeLessThanOrEqual(90)
      expect(document.tokens).toBeGreaterThan(45)
      expect(document.explanation).toMatchObject({
        method: expect.stringMatching(new RegExp(`^${method}`)),
        reason: `asked for by --method ${method}`,
      })
      expect(document.explanation.keptUnits + document.explanation.droppedUnits).toBe(document.units.length)
      expect(await readFile(join(cwd, `${method}.html`), 'utf8')).toContain('painted')
      if (/specpc|no-model/.test(method)) expect(document.text).toContain('violet')
    },
  )

  test('JSON stays JSON; the account on stderr says why', async () => {
    const hosts = Array.from({ length: 40 }, (_, index) => ({ name: `host${index}`, load: index }))
    await writeFile(join(cwd, 'report.json'), JSON.stringify({ hosts }))
    const words = ['compress', 'report.json', '--query', 'host23', '--budget', '120', ...model]
    const { code, stdout, stderr } = await start([...words, '--explain']).finished
    expect(code, stderr).toBe(0)
    expect(JSON.parse(stdout).hosts).toContainEqual(hosts[23])
    expect(stderr).toContain('method: no-model/json (JSON stays JSON')
    expect(stderr).toMatch(/dropped, best first:\n {2}score +tokens +where +what\n/)
  })

  test('a phrase that must stay and does not fit is an error with the minimum', async () => {
    await writeFile(join(cwd, 'notes.txt'), notes)
    const words = ['compress', 'notes.txt', '--query', 'x', '--method', 'llmlingua', ...model]
    const required = ['--phrase', 'painted violet', '--protect', 'require', '--json']
    const { code, stdout } = await start([...words, '--budget', '1', ...required]).finished
    expect(code).toBe(1)
    const { error } = JSON.parse(stdout)
    expect(error).toMatchObject({ code: 'budget-too-small', budget: 1 })
    const least = await start([...words, '--budget', String(error.minimum), ...required]).finished
    expect(JSON.parse(least.stdout).text).toContain('painted violet')
  })

  test('budget 0 keeps nothing, a budget above the input keeps all of it', async () => {
    const text = 'def a():\n    return 1\n\n\ndef b():\n    return 2\n'
    await writeFile(join(cwd, 'small.py'), text)
    const words = ['compress', 'small.py', '--query', 'b', ...model]
    expect(await json([...words, '--budget', '0'])).toMatchObject({ text: '', tokens: 0, budget: 0 })
    const whole = await json([...words, '--budget', '10000'])
    expect(whole.text).toBe(text)
    expect(whole.tokens).toBe(whole.originalTokens)
  })

  test('Ctrl-C ends it with 130 and leaves no half-written file', async () => {
    const words = [
      'compress',
      join(sources, '..'),
      '--query',
      query,
      '--budget',
      '2000',
      '--html',
      'late.html',
      '--json',
    ]
    const { child, finished } = start([...words, ...model])
    await new Promise((resolve) => setTimeout(resolve, 5000))
    const at = Date.now()
    child.kill('SIGINT')
    const { code, stdout } = await finished
    expect(code).toBe(130)
    expect(Date.now() - at).toBeLessThan(10_000)
    expect(JSON.parse(stdout)).toEqual({ error: { code: 'aborted', message: 'interrupted' } })
    expect((await readdir(cwd)).filter((name) => name.includes('late'))).toEqual([])
  })
})

test('lc ask answers from a folder: the question of the demo', async () => {
  const words = [
    'ask',
    join(sources, '..'),
    '--exclude',
    '*.test.ts',
    '--query',
    'What is the default number of retries?',
  ]
  const document = await json([...words, '--budget', '1000', ...model, '--max-tokens', '40'])
  expect(document.answer).toMatch(/\b3\b/)
  expect(document.tokens).toBeLessThanOrEqual(1000)
  expect(document.text).toMatch(/retries: 3/)
  expect(document.usage.promptTokens).toBeGreaterThan(document.tokens)
})

test('lc serve: its own client believes its log-probabilities and gets the same text', async () => {
  const { child, finished, output, errors } = start(['serve', 'smollm2-135m', '--port', '0', '--json'])
  try {
    while (!output().includes('\n')) {
      if (child.exitCode !== null) expect.fail(errors())
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    const { url } = JSON.parse(output())
    const prompt = [
      '--prompt',
      'Name a prime number.',
      '--max-tokens',
      '12',
      '--temperature',
      '0',
      '--accuracy',
      'fast',
    ]
    const served = await json(['generate', ...model, '--server', url, ...prompt.slice(0, -2)])
    expect(served.text).toBe((await json(['generate', ...model, ...prompt])).text)
    const scored = await json(['score', ...model, '--server', url, '--file', '-'], 'The cat sat on the mat.')
    expect(scored.tokens.length).toBeGreaterThan(5)
    const small = [
      'compress',
      '-',
      '--query',
      'b',
      '--budget',
      '12',
      ...model,
      '--server',
      url,
      '--tokenizer',
      'smollm2-135m',
    ]
    expect((await json(small, 'def a():\n    return 1\n\n\ndef b():\n    return 2\n')).tokens).toBeLessThanOrEqual(12)
  } finally {
    child.kill('SIGINT')
  }
  expect((await finished).code).toBe(130)
})

test('a model that is nowhere to be had is a failure with a code', async () => {
  const { code, stdout } = await start(['score', '--model', 'no-such-model', '--file', '-', '--offline', '--json'], 'x')
    .finished
  expect([1, 2]).toContain(code)
  expect(JSON.parse(stdout).error.message).toContain('no-such-model')
})
