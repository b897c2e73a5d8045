/** @file What the official package computed (fixtures/longcodezip/make.py), as far as no model is needed to check it. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { unitRates } from './block-budget.ts'
import { spikeBlocks, spikeLines } from './split-blocks.ts'

const folder = new URL('../../fixtures/longcodezip/', import.meta.url)
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8')

interface OfficialFile {
  file: string
  /** A value of null is infinite. */
  blocks: { lines: string[]; values: (number | null)[]; chunks: string[] }
}

const files = JSON.parse(read('official.json')) as OfficialFile[]

test('the fixture is the one that its origin describes', () => {
  const origin = JSON.parse(read('origin.json')) as { files: Record<string, string> }
  for (const [name, hash] of Object.entries(origin.files))
    expect(createHash('sha256').update(read(name)).digest('hex'), name).toBe(hash)
})

describe('perplexity blocks', () => {
  test.each(files.map((file) => [file.file, file.blocks] as const))('of %s are the official ones', (_, blocks) => {
    const values = blocks.values.map((value) => value ?? Number.POSITIVE_INFINITY)
    const found = spikeBlocks(values, { kind: 'mean', alpha: 0.2 })
    expect(found.map(({ from, to }) => blocks.lines.slice(from, to).join('\n'))).toEqual(blocks.chunks)
  })

  test.each([
    { values: [6, 1, 1.5, 5.5, 1, 0.8, 4, 1.2, 1], mean: [3, 6], deviation: [3, 6] },
    { values: [3, 1, 2, 0.5], mean: [], deviation: [2] },
    { values: [2, 2.5, 2, 3, 2], mean: [], deviation: [1, 3] },
    { values: [1, 1, 1, 1], mean: [], deviation: [] },
    { values: [5], mean: [], deviation: [] },
    { values: [], mean: [], deviation: [] },
  ])('of $values end at $mean (package) and $deviation (paper)', ({ values, mean, deviation }) => {
    expect(spikeLines(values, { kind: 'mean', alpha: 0.2 })).toEqual(mean)
    expect(spikeLines(values, { kind: 'deviation', alpha: 1 })).toEqual(deviation)
  })

  test('each ends with its spike', () => {
    expect(spikeBlocks([6, 1, 1.5, 5.5, 1, 0.8, 4, 1.2, 1], { kind: 'mean', alpha: 0.2 })).toEqual([
      { from: 0, to: 4 },
      { from: 4, to: 7 },
      { from: 7, to: 9 },
    ])
  })
})

describe('budgets of units (equation 5)', () => {
  test('follow relevance and sum to the total', () => {
    const rates = unitRates({ tokens: [100, 200, 300], scores: [0.1, 0.5, 0.9], total: 300, beta: 0.5 })
    expect(Array.from(rates, (rate) => Number(rate.toFixed(4)))).toEqual([0.2143, 0.4286, 0.6429])
  })

  test('what a whole unit cannot take goes to the others, where the official rule leaves it unspent', () => {
    const rates = unitRates({ tokens: [100, 100], scores: [0, 1], total: 160, beta: 1 })
    expect(Array.from(rates)).toEqual([0.6, 1])
  })

  test('beta 0 is uniform', () => {
    const rates = unitRates({ tokens: [10, 30], scores: [1, 2], total: 20, beta: 0 })
    expect(Array.from(rates)).toEqual([0.5, 0.5])
  })
})
