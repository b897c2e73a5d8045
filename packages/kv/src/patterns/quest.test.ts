import { readFileSync } from 'node:fs'
import type { PatternFeedContext } from '@lc/core'
import { nodeDevice } from '@lc/core/node'
import { largestDifference } from '@lc/model/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { numbers, type OneLayer, oneLayerContext, runOneLayer } from '../testing-kit/one-layer.ts'
import { boundsOfPages, PageSummaries } from './page-summaries.ts'
import { quest } from './quest.ts'

const expected = JSON.parse(readFileSync(new URL('../../fixtures/patterns/expected.json', import.meta.url), 'utf8'))
const layer: OneLayer = { ...expected.sizes, ...expected.layer }
const device = await nodeDevice({ kind: 'cpu', threads: 1 })
afterAll(() => device.close())

describe('a step by the formula', () => {
  const { pageSize, budget, pages, output } = expected.quest

  test('chooses the pages and gives the output of the PyTorch statement', async () => {
    const outputs = await runOneLayer(device, quest({ budget, pageSize, denseLayers: 0 }), layer)
    const count = pages[0].length
    const chosen = numbers(outputs['pages.0'])
    for (const [head, own] of pages.entries())
      expect(chosen.slice(head * count, (head + 1) * count).sort((left, right) => left - right)).toEqual(own)
    expect(largestDifference(numbers(outputs.attended), output)).toBeLessThan(1e-5)
  })
})

describe('page bounds', () => {
  const { pageSize, bounds } = expected.quest
  const wide = 2 * layer.headDim
  const boundsFor = (context: PatternFeedContext) =>
    new PageSummaries(context, { layer: 0, pageSize }, boundsOfPages(pageSize, layer.headDim))

  test('grow with the cache as those of a whole, and shrink with it', () => {
    const cache = {}
    const at = (length: number) => oneLayerContext(layer, { length, cache })
    const grown = boundsFor(at(0))
    for (const length of [3, 4, 17, 30, 21, 22, 50]) {
      const { data, pages } = grown.update(at(length))
      const once = boundsFor(at(length)).update(at(length))
      expect(pages).toBe(33)
      expect(largestDifference(data, once.data)).toBe(0)
    }
  })

  test('bound what queries can score, as the statement has it', () => {
    const context = oneLayerContext(layer)
    const { data, pages } = boundsFor(context).update(context)
    const full = Math.floor(layer.tokens / pageSize)
    const own: number[] = []
    for (let head = 0; head < layer.kvHeads; head++)
      for (let page = 0; page < full; page++)
        own.push(bestOfGroup(data.subarray((head * pages + page) * wide, (head * pages + page + 1) * wide), head))
    expect(largestDifference(own, bounds)).toBeLessThan(1e-5)
  })

  function bestOfGroup(row: Float32Array, head: number): number {
    const scores = Array.from({ length: layer.group }, (_, member) => {
      let score = 0
      for (let channel = 0; channel < layer.headDim; channel++) {
        const query = layer.query[(head * layer.group + member) * layer.headDim + channel]!
        score += Math.max(query * row[channel]!, query * row[layer.headDim + channel]!)
      }
      return score
    })
    return Math.max(...scores)
  }
})

test.each([
  ['budget', { budget: 0 }],
  ['budget', { budget: '0%' as const }],
  ['pageSize', { budget: 64, pageSize: 0 }],
  ['pageSize', { budget: 64, pageSize: 12 }],
  ['denseLayers', { budget: 64, denseLayers: -1 }],
])('a wrong %s is named', (argument, options) => {
  expect(() => quest(options)).toThrow(expect.objectContaining({ code: 'invalid-argument', argument }))
})

test('a budget beyond the context takes all pages, and a small one three', async () => {
  const count = async (budget: number) =>
    numbers((await runOneLayer(device, quest({ budget, pageSize: 4, denseLayers: 0 }), layer))['pages.0']).length
  expect(await count(100_000)).toBe(layer.kvHeads * Math.ceil(layer.tokens / 4))
  expect(await count(1)).toBe(layer.kvHeads * 3)
})
