/** @file Selective Context with the real model against its formula in PyTorch (packages/compress/fixtures/selective-context). */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { compressBySelfInformation } from '@lc/compress/selective-context'
import { type LocalModel, loadModel } from '@lc/core'
import { makePassage } from '@lc/model'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

interface Expected {
  sentences: string[]
  tokens: { ids: number[]; surprise: number[] }[]
  /** By ratio: positions of the kept tokens of each sentence. */
  kept: Record<string, number[][]>
}

const folder = new URL('../packages/compress/fixtures/selective-context/', import.meta.url)
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

describe.each(records.map((record) => [record.sentences[0]!.slice(0, 30), record] as const))('%s...', (_, record) => {
  test.each(Object.keys(record.kept))('the same tokens are kept at a ratio of %s', async (ratio) => {
    // each sentence by itself, one threshold over all
    const passages = record.sentences.map((text, index) => makePassage(text, { uri: `sentence:${index}` }))
    const result = await compressBySelfInformation(passages, {
      scorer: model,
      mode: 'percentile',
      unit: 'token',
      context: 'sentence',
      accuracy: 'exact',
      ratio: Number(ratio),
    })
    const kept = passages.map(({ id, text }, index) => {
      const { ids, spans } = model.tokenizer.encode(text)
      expect([...ids]).toEqual(record.tokens[index]!.ids)
      const own = result.spans.filter((span) => span.passageId === id)
      return spans.flatMap(({ start }, token) =>
        own.some(({ source }) => source.start <= start && start < source.end) ? [token] : [],
      )
    })
    expect(kept).toEqual(record.kept[ratio])
  })
})
