/** @file SpecPC with the real model against its formula in PyTorch (packages/compress/fixtures/specpc). */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { compressByAttention, officialSpecPc } from '@lc/compress/specpc'
import { type LocalModel, loadModel } from '@lc/core'
import { estimateTokenizer, makePassage } from '@lc/model'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

interface Expected {
  name: string
  prompt: string
  tokens: number
  setting: { capacity: number; windowSize: number; kernelSize: number; neighbors: number; startingLayer: number }
  kept: number[]
}

const folder = new URL('../packages/compress/fixtures/specpc/', import.meta.url)
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8')
const records = JSON.parse(read('expected.json')) as Expected[]

let model: LocalModel
beforeAll(async () => {
  model = await loadModel('smollm2-135m')
})
afterAll(() => model?.close())

test('the fixture is the one that its origin describes', () => {
  const origin = JSON.parse(read('origin.json')) as { files: Record<string, string> }
  for (const [name, hash] of Object.entries(origin.files))
    expect(createHash('sha256').update(read(name)).digest('hex'), name).toBe(hash)
})

describe('the positions that are kept', () => {
  test.each(records.map((record) => [record.name, record.setting, record] as const))(
    '%s, %o',
    async (_, setting, record) => {
      const { ids, positions } = await officialSpecPc({ attender: model, prompt: record.prompt, ...setting })
      expect(ids.length).toBe(record.tokens)
      expect([...positions]).toEqual(record.kept)
    },
  )
})

test('the sentence that answers is kept, in a budget of another tokenizer', async () => {
  const { prompt } = records.find(({ name }) => name === 'ledger')!
  const [text, query] = prompt.split('\n\nQuestion: ') as [string, string]
  const budget = { tokens: 200, tokenizer: estimateTokenizer() }
  const passages = [makePassage(text, { uri: 'ledger.txt' })]
  const result = await compressByAttention(passages, { attender: model, query: query.split('\n')[0]!, budget })
  expect(result.tokens).toBeLessThanOrEqual(200)
  expect(result.tokens).toBeGreaterThan(194)
  expect(result.text).toContain('Tarn')
  expect(result.text).toContain('blue glass')
})

test('layers after the last one that counts are not computed', async () => {
  const passages = [makePassage(records[0]!.prompt.repeat(3), { uri: 'ledger.txt' })]
  const seconds: number[] = []
  for (const to of [4, 30, 4, 30]) {
    const { timings } = await compressByAttention(passages, {
      attender: model,
      query: 'salt?',
      budget: 100,
      layers: { from: 2, to },
    })
    seconds.push(timings.attend!)
  }
  // the second round: programs are made in the first
  expect(seconds[2]).toBeLessThan(seconds[3]! * 0.6)
})
