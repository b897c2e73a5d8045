/** @file The examples, run as their READMEs say, on the real model. */
import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

async function run(example: string): Promise<string> {
  const parameters = ['--conditions=@lc/source', '--import', 'tsx', 'main.ts']
  const cwd = join(import.meta.dirname, example)
  const { stdout } = await promisify(execFile)(process.execPath, parameters, { cwd, timeout: 240_000 })
  return stdout
}

test('compress-a-repository keeps the pause before a retry, and draws it', async () => {
  const page = join(import.meta.dirname, 'compress-a-repository', 'kept.html')
  await rm(page, { force: true })
  const printed = await run('compress-a-repository')
  const [, before, after, budget] = /^(\d+) tokens in \d+ files -> (\d+) \(budget (\d+)\)/.exec(printed) ?? []
  expect(Number(after)).toBeLessThanOrEqual(Number(budget))
  expect(Number(before)).toBeGreaterThan(4 * Number(after))
  expect(printed).toContain('retryDelayMs')
  expect(await readFile(page, 'utf8')).toContain('retryDelayMs')
  await rm(page)
})

test('ask-a-long-file answers from what was kept', async () => {
  const printed = await run('ask-a-long-file')
  const [, kept] = /^kept: (\d+) tokens$/m.exec(printed) ?? []
  expect(Number(kept)).toBeLessThanOrEqual(300)
  expect(printed).toMatch(/^answer: .*\b600\b/m)
})

test('ai-sdk-one-line gives the model fewer tokens than the code has', async () => {
  const printed = await run('ai-sdk-one-line')
  const [, before, given] = /the code has (\d+) tokens; the model was given (\d+)/.exec(printed) ?? []
  expect(Number(given)).toBeLessThan(Number(before) / 2)
  expect(printed).toMatch(/default timeout is 600/)
})

test('compress-a-chat keeps the system prompt, the question and a part of what tools gave', async () => {
  const printed = await run('compress-a-chat')
  const [, before, after, budget] = /^(\d+) tokens -> (\d+) \(budget (\d+)\)/.exec(printed) ?? []
  expect(Number(after)).toBeLessThanOrEqual(Number(budget))
  expect(Number(before)).toBeGreaterThan(2 * Number(after))
  expect(printed).toContain('--- system\nYou are a careful programmer.')
  expect(printed.match(/^--- tool$/gm)).toHaveLength(2)
})

test('langchain-retriever gives documents within the budget, with ids and metadata', async () => {
  const printed = await run('langchain-retriever')
  const [, before, after] = /^\d+ documents of (\d+) tokens -> \d+ of (\d+)/.exec(printed) ?? []
  expect(Number(after)).toBeLessThanOrEqual(300)
  expect(Number(before)).toBeGreaterThan(1000)
  expect(printed).toMatch(/^--- ([\w-]+\.md) \(\1\)$/m)
})

test('speculative-edit changes the port, in few runs, with the text of decoding one by one', async () => {
  const printed = await run('speculative-edit')
  const [, tokens, runs] = /^--- (\d+) tokens in (\d+) runs/m.exec(printed) ?? []
  expect(Number(runs)).toBeLessThan(Number(tokens) / 3)
  expect(printed).toContain('port: 9090,')
  expect(printed).toContain("cacheFolder: '/var/cache/app',")
  expect(printed).toMatch(/^--- the same text$/m)
})

test('endless-chat goes on past the context in the same memory', async () => {
  const printed = await run('endless-chat')
  const turns = [...printed.matchAll(/\[(\d+) tokens so far, (\d+) kept, ([\d.]+) MB\]/g)]
  expect(turns).toHaveLength(10)
  expect(Number(turns.at(-1)![1])).toBeGreaterThan(512)
  for (const [, , kept] of turns) expect(Number(kept)).toBeLessThanOrEqual(256)
  const megabytes = turns.slice(5).map(([, , , size]) => Number(size))
  expect(Math.max(...megabytes)).toBeLessThan(1.3 * Math.min(...megabytes))
})

test('long-document-questions reads once, keeps half, and answers from the saved session', async () => {
  const printed = await run('long-document-questions')
  const [, tokens, kept] = /^read (\d+) tokens, kept (\d+) of them per head/.exec(printed) ?? []
  expect(Number(kept)).toBeLessThanOrEqual(0.51 * Number(tokens))
  expect(printed).toMatch(/^saved [\d.]+ MB after/m)
  expect(printed).toMatch(/^restored in/m)
  expect(printed.match(/^> .*\n.+$/gm)).toHaveLength(3)
  expect(printed).toMatch(/^> Which browser do some tests need\?\n.*Chromium/m)
})
