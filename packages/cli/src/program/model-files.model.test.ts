/** @file The commands about models as files: list, pull, info, export, and what the cache says of them. */
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runProgram } from './run-program.ts'

let cwd: string
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'lc-files-'))
})
afterAll(() => rm(cwd, { recursive: true, force: true }))

async function json(...words: string[]) {
  let stdout = ''
  const code = await runProgram([...words, '--json'], {
    cwd,
    env: process.env,
    stdin: Readable.from([]),
    stdout: {
      write(text: string) {
        stdout += text
      },
    },
    stderr: { write: () => true },
    signal: new AbortController().signal,
  })
  return { code, document: JSON.parse(stdout) }
}

test('a pulled model is listed as here, and the cache knows it', async () => {
  const pulled = await json('models', 'pull', 'smollm2-135m')
  expect(pulled.code).toBe(0)
  expect((await stat(pulled.document.file)).size).toBeGreaterThan(90e6)
  expect(pulled.document.sha256).toMatch(/^[0-9a-f]{64}$/)
  const { document: list } = await json('models', 'list')
  expect(list.models.find(({ name }: { name: string }) => name === 'smollm2-135m').present).toBe(true)
  const { document: kept } = await json('cache', 'list')
  expect(kept.bytes).toBeGreaterThan(90e6)
})

test('info says what the files say', async () => {
  const { document: decoder } = await json('models', 'info', 'smollm2-135m')
  expect(decoder).toMatchObject({
    family: 'llama',
    layers: 30,
    hiddenSize: 576,
    contextLength: 8192,
    vocabulary: 49152,
    parameters: 134515008,
    chatTemplate: true,
    pooling: null,
  })
  expect(decoder.types.Q4_1).toBe(210)
  const { document: encoder } = await json('models', 'info', 'all-minilm-l6-v2')
  expect(encoder).toMatchObject({
    family: 'bert',
    layers: 6,
    hiddenSize: 384,
    pooling: ['Transformer', 'Pooling', 'Normalize'],
  })
})

test('export writes the layout of transformers.js', async () => {
  const { code, document } = await json('export', 'all-minilm-l6-v2', 'out')
  expect(code).toBe(0)
  expect(document.folder).toBe(join(cwd, 'out'))
  expect(document.files).toEqual(expect.arrayContaining(['config.json', 'onnx/model.onnx', 'tokenizer.json']))
  for (const file of document.files) expect((await stat(join(cwd, 'out', file))).size).toBeGreaterThan(0)
  expect(JSON.parse(await readFile(join(cwd, 'out', 'config.json'), 'utf8'))).toMatchObject({ model_type: 'bert' })
})

test('clearing something that is not kept is wrong usage', async () => {
  const { code, document } = await json('cache', 'clear', 'nothing/like-this')
  expect(code).toBe(2)
  expect(document.error.message).toContain('nothing/like-this')
})
