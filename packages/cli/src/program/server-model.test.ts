/** @file The commands over a served model: a real server on loopback, a real (if tiny) model, the real program. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { serveHttp } from '@lc/model/node'
import { openaiServer } from '@lc/model/openai-server'
import { BigramModel, hashingEmbedder } from '@lc/model/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runProgram } from './run-program.ts'

const code = `export function retryDelay(attempt: number): number {
  return Math.min(8000, 500 * 2 ** attempt)
}

export function greeting(name: string): string {
  return 'hello ' + name + ', how are you'
}
`
let cwd: string
let stop: () => Promise<void>
let address: string
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'lc-served-'))
  await writeFile(join(cwd, 'delay.ts'), code)
  const model = new BigramModel(code)
  const server = openaiServer({
    models: { bigram: { languageModel: model, scorer: model }, hash: { embedder: hashingEmbedder() } },
  })
  const http = await serveHttp((request, connection) => server.handle(request, connection), { port: 0 })
  address = `${http.url}/v1`
  stop = async () => {
    await server.close()
    await http.close()
  }
})
afterAll(async () => {
  await stop()
  await rm(cwd, { recursive: true })
})

async function run(...words: string[]) {
  const [command] = words
  const model = command === 'embed' ? 'hash' : 'bigram'
  const written = { stdout: '', stderr: '' }
  const sink = (name: 'stdout' | 'stderr') => ({
    write(text: string) {
      written[name] += text
    },
  })
  const code = await runProgram([...words, '--model', model, '--server', address], {
    cwd,
    env: {},
    stdin: Readable.from(['first line\nsecond words\n']),
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    signal: new AbortController().signal,
  })
  return { code, ...written }
}

test('generate prints the text, or one document', async () => {
  const words = ['generate', '--raw', '--prompt', 'export function', '--max-tokens', '5', '--temperature', '0']
  const plain = await run(...words)
  expect(plain.code, plain.stderr).toBe(0)
  const { code: exit, stdout } = await run(...words, '--json')
  expect(exit).toBe(0)
  const document = JSON.parse(stdout)
  expect(Object.keys(document)).toEqual(['text', 'ids', 'promptTokens', 'finishReason'])
  expect(`${document.text}\n`).toBe(plain.stdout)
})

test('score gives every token its place in the text', async () => {
  const { code: exit, stdout, stderr } = await run('score', '--file', 'delay.ts', '--json')
  expect(exit, stdout + stderr).toBe(0)
  const { tokens, nll, perplexity } = JSON.parse(stdout)
  expect(tokens.map((token: { text: string }) => token.text).join('')).toBe(code)
  expect(tokens[0].logprob).toBe(null)
  const mean =
    tokens.slice(1).reduce((sum: number, token: { logprob: number }) => sum - token.logprob, 0) / (tokens.length - 1)
  expect(nll).toBeCloseTo(mean, 6)
  expect(perplexity).toBeCloseTo(Math.exp(mean), 4)
})

test('embed gives a vector for each line', async () => {
  const { code: exit, stdout, stderr } = await run('embed', '--json')
  expect(exit, stdout + stderr).toBe(0)
  const vectors = JSON.parse(stdout) as number[][]
  expect(vectors.map((vector) => vector.length)).toEqual([64, 64])
  expect(vectors[0]).not.toEqual(vectors[1])
})

test('compress wants the tokenizer of a served model, for a budget is exact', async () => {
  const { code: exit, stdout } = await run('compress', 'delay.ts', '--query', 'retry delay', '--budget', '40', '--json')
  expect(exit).toBe(2)
  expect(JSON.parse(stdout).error.message).toContain('--tokenizer')
})
