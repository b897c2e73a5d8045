import { readFileSync } from 'node:fs'
import { PolicyPlanError } from '@lc/core/errors'
import { nodeDevice } from '@lc/core/node'
import { largestDifference } from '@lc/model/testing'
import { afterAll, expect, test } from 'vitest'
import { numbers, type OneLayer, oneLayerContext, runOneLayer } from '../testing-kit/one-layer.ts'
import { shadowKeys } from './shadow-keys.ts'
import { shadowKv } from './shadow-kv.ts'

const expected = JSON.parse(readFileSync(new URL('../../fixtures/patterns/expected.json', import.meta.url), 'utf8'))
const layer: OneLayer = { ...expected.sizes, ...expected.layer }
const { kvHeads, headDim } = layer
const { options, outliers, chunks, rebuilt, output } = expected.shadowKv
const device = await nodeDevice({ kind: 'cpu', threads: 1 })
afterAll(() => device.close())

test('the factors give the keys of the singular value decomposition of PyTorch', () => {
  const sizes = { ...options, localChunks: 4 }
  const context = oneLayerContext(layer)
  const keys = shadowKeys(context, 0, { tokens: layer.tokens, sizes })
  expect(keys.outliers).toEqual(outliers)
  const half = headDim / 2
  const own: number[] = []
  for (let head = 0; head < kvHeads; head++)
    for (let slot = 0; slot < keys.covered; slot++) {
      const row = Array.from({ length: headDim }, (_, channel) => {
        let sum = 0
        for (let factor = 0; factor < keys.rank; factor++)
          sum += keys.left[slot * keys.rank + factor]! * keys.right[(head * keys.rank + factor) * headDim + channel]!
        return sum
      })
      const at = (table: Float32Array, channel: number): number => table[slot * half + (channel % half)]!
      for (let channel = 0; channel < headDim; channel++) {
        const partner = channel < half ? -row[channel + half]! : row[channel - half]!
        own.push(row[channel]! * at(keys.cos, channel) + partner * at(keys.sin, channel))
      }
    }
  expect(largestDifference(own, rebuilt)).toBeLessThan(1e-4)
})

test('a step reads the chunks and gives the output of the PyTorch statement', async () => {
  const outputs = await runOneLayer(device, shadowKv(options), layer)
  const count = chunks[0].length
  const chosen = numbers(outputs['chunks.0'])
  for (const [head, own] of chunks.entries())
    expect(chosen.slice(head * count, (head + 1) * count).sort((left, right) => left - right)).toEqual(own)
  expect(largestDifference(numbers(outputs.attended), output)).toBeLessThan(1e-4)
})

test('a prompt that the chosen and the exact chunks hold is read in full', () => {
  const context = oneLayerContext(layer)
  expect(shadowKv(options).variant!(context)).toBe('shadow')
  expect(shadowKv({ ...options, budget: 64 }).variant!(context)).toBeUndefined()
})

test('heads that hold different tokens are refused', () => {
  const context = oneLayerContext(layer)
  const other = Int32Array.from(context.positions(0, 0), (position) => position + 1)
  const uneven = { ...context, positions: (_: number, head: number) => (head === 0 ? context.positions(0, 0) : other) }
  expect(() => shadowKv(options).feed!(uneven)).toThrow(PolicyPlanError)
})

test.each([
  ['budget', { budget: 0 }],
  ['chunkSize', { budget: 64, chunkSize: 3 }],
  ['rank', { budget: 64, rank: 0 }],
  ['outliers', { budget: 64, outliers: -1 }],
])('a wrong %s is named', (argument, wrong) => {
  expect(() => shadowKv(wrong)).toThrow(expect.objectContaining({ code: 'invalid-argument', argument }))
})

test('less than a chunk is refused', () => {
  expect(() => shadowKv({ budget: 7 })).toThrow(expect.objectContaining({ code: 'budget-too-small' }))
})
