import { readFileSync } from 'node:fs'
import type { PatternFeedContext } from '@lc/core'
import { nodeDevice } from '@lc/core/node'
import type { HostTensor } from '@lc/core/runtime'
import { largestDifference } from '@lc/model/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { numbers, type OneLayer, oneLayerContext, runOneLayer, tokensFirst } from '../testing-kit/one-layer.ts'
import { longHeads } from './long-heads.ts'

const expected = JSON.parse(readFileSync(new URL('../../fixtures/patterns/expected.json', import.meta.url), 'utf8'))
const layer: OneLayer = { ...expected.sizes, ...expected.layer }
const { kvHeads, group, headDim, tokens } = layer
const { queries, chunkSize, budget, chunkKeys, chunks, output } = expected.longHeads
const device = await nodeDevice({ kind: 'cpu', threads: 1 })
afterAll(() => device.close())

/** A prompt of `length` tokens as it is seen while it is read. */
function readPrompt(pattern: ReturnType<typeof longHeads>, cache: object, length = tokens): PatternFeedContext {
  const before: PatternFeedContext = { ...oneLayerContext(layer, { length: 0, cache }), mode: 'fused', tokens: length }
  const rows = tokensFirst(queries, { heads: kvHeads * group, tokens, headDim }).slice(
    0,
    length * kvHeads * group * headDim,
  )
  const data: HostTensor = { dtype: 'float32', shape: [1, length, rows.length / length], data: Float32Array.from(rows) }
  pattern.feed!(before)
  pattern.observe!(before, { 'query.0': data })
  return oneLayerContext(layer, { length, cache })
}

describe('a step by the formula', () => {
  const pattern = longHeads({ budget, chunkSize })
  const context = readPrompt(pattern, {})

  test('has the chunk keys of the PyTorch statement', () => {
    expect(pattern.variant!(context)).toBe('heads')
    expect(largestDifference(numbers(pattern.feed!(context)['chunkKeys.0'] as HostTensor), chunkKeys)).toBeLessThan(
      1e-5,
    )
  })

  test('chooses its chunks in order, and gives its output at positions counted anew', async () => {
    const outputs = await runOneLayer(device, pattern, layer, context)
    expect(numbers(outputs['chunks.0'])).toEqual(chunks.flat())
    expect(largestDifference(numbers(outputs.attended), output)).toBeLessThan(1e-5)
  })
})

test('fewer whole chunks than a step sees are read in full', () => {
  const pattern = longHeads({ budget, chunkSize })
  expect(pattern.variant!(readPrompt(pattern, {}, 31))).toBeUndefined()
  expect(pattern.variant!(readPrompt(pattern, {}, 32))).toBe('heads')
})

test('a cache that is exactly full has a newest chunk without tokens', async () => {
  const pattern = longHeads({ budget: 24, chunkSize })
  const cache = {}
  readPrompt(pattern, cache, 48)
  const outputs = await runOneLayer(device, pattern, layer, oneLayerContext(layer, { length: 48, capacity: 48, cache }))
  expect(numbers(outputs.attended).every(Number.isFinite)).toBe(true)
})

test.each([
  ['budget', { budget: 0 }],
  ['chunkSize', { budget: 1024, chunkSize: 100 }],
])('a wrong %s is named', (argument, options) => {
  expect(() => longHeads(options)).toThrow(expect.objectContaining({ code: 'invalid-argument', argument }))
})

test('fewer than three chunks are refused', () => {
  expect(() => longHeads({ budget: 767 })).toThrow(expect.objectContaining({ code: 'budget-too-small', minimum: 768 }))
})
