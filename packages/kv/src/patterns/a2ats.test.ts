import { readFileSync } from 'node:fs'
import { PolicyPlanError } from '@lc/core/errors'
import { nodeDevice } from '@lc/core/node'
import { seededRandom } from '@lc/model'
import { largestDifference } from '@lc/model/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { numbers, type OneLayer, oneLayerContext, runOneLayer } from '../testing-kit/one-layer.ts'
import { a2ats } from './a2ats.ts'
import { type Codebook, centroidKeys, encodeKeys, fitCodebook } from './codebook.ts'
import { keysBefore } from './key-codes.ts'

const expected = JSON.parse(readFileSync(new URL('../../fixtures/patterns/expected.json', import.meta.url), 'utf8'))
const layer: OneLayer = { ...expected.sizes, ...expected.layer }
const { kvHeads, headDim, tokens } = layer
const { options, centroids, lower, codes, slots, distant, output } = expected.a2ats
const device = await nodeDevice({ kind: 'cpu', threads: 1 })
afterAll(() => device.close())

function partOf(data: ArrayLike<number>, head: number): Float32Array {
  const size = data.length / kvHeads
  return Float32Array.from(data).slice(head * size, (head + 1) * size)
}

const books: Codebook[] = Array.from({ length: kvHeads }, (_, head) => ({
  lower: partOf(lower, head),
  centroids: partOf(centroids, head),
}))

describe('a step by the formula', () => {
  test('keys have the codes of the PyTorch statement', () => {
    const context = oneLayerContext(layer)
    for (const [head, book] of books.entries()) {
      const keys = keysBefore(context, 0, { head, from: 0, to: tokens })
      expect([...encodeKeys(book, keys, headDim)]).toEqual(codes[head])
    }
  })

  test('reads the tokens and gives the output of the statement', async () => {
    const outputs = await runOneLayer(device, a2ats({ ...options, codebooks: [books] }), layer)
    const chosen = numbers(outputs['slots.0'])
    for (const [head, own] of slots.entries())
      expect(
        chosen.slice(head * options.budget, (head + 1) * options.budget).sort((left, right) => left - right),
      ).toEqual(own)
    expect(largestDifference(numbers(outputs.attended), output)).toBeLessThan(1e-5)
  })
})

describe('codebooks', () => {
  const random = seededRandom(7)
  const normal = () => random() + random() + random() - 1.5

  test('measure by the second moments of queries, as the statement does', () => {
    const keys = Float32Array.from({ length: 20 * headDim }, normal)
    for (let head = 0; head < kvHeads; head++) {
      const book = fitCodebook({ headDim, keys, queries: partOf(distant, head) }, { size: 4 })
      expect(largestDifference(book.lower, partOf(lower, head))).toBeLessThan(1e-5)
    }
  })

  test('give each of separate clusters a code, and keep the products with queries', () => {
    const centres = Float32Array.from({ length: 4 * headDim }, () => 20 * normal())
    const rows = 80
    const keys = Float32Array.from(
      { length: rows * headDim },
      (_, at) => centres[(Math.floor(at / headDim) % 4) * headDim + (at % headDim)]! + 0.01 * normal(),
    )
    const queries = Float32Array.from({ length: 60 * headDim }, normal)
    const book = fitCodebook({ headDim, keys, queries }, { size: 4, seed: 1 })
    const own = encodeKeys(book, keys, headDim)
    for (let row = 0; row < rows; row++) expect(own[row]).toBe(own[row % 4])
    expect(new Set(own).size).toBe(4)
    const stand = centroidKeys(book, headDim)
    for (let row = 0; row < rows; row++)
      for (let query = 0; query < 60; query++) {
        let difference = 0
        for (let channel = 0; channel < headDim; channel++)
          difference +=
            queries[query * headDim + channel]! *
            (keys[row * headDim + channel]! - stand[own[row]! * headDim + channel]!)
        expect(Math.abs(difference)).toBeLessThan(0.1)
      }
  })

  test('are the same for the same seed', () => {
    const sample = {
      headDim,
      keys: Float32Array.from({ length: 50 * headDim }, normal),
      queries: Float32Array.from({ length: 50 * headDim }, normal),
    }
    expect(fitCodebook(sample, { size: 8, seed: 3 })).toEqual(fitCodebook(sample, { size: 8, seed: 3 }))
  })

  test('stop where the signal says so', () => {
    const keys = Float32Array.from({ length: 50 * headDim }, normal)
    const signal = AbortSignal.abort()
    expect(() => fitCodebook({ headDim, keys, queries: keys }, { size: 8, signal })).toThrow()
  })

  test('have no more codes than keys', () => {
    const keys = new Float32Array(headDim)
    expect(() => fitCodebook({ headDim, keys, queries: keys }, { size: 2 })).toThrow(
      expect.objectContaining({ argument: 'size' }),
    )
  })
})

test('codebooks of another model are refused', () => {
  const pattern = a2ats({ budget: '50%', codebooks: [books, books] })
  expect(() => pattern.feed!(oneLayerContext(layer))).toThrow(PolicyPlanError)
})

test.each([
  ['budget', { budget: 0, codebooks: [books] }],
  ['codebooks', { budget: 100, codebooks: [] }],
  ['codebooks', { budget: 100 } as never],
  ['codebooks', { budget: 100, codebooks: [[books[0]!, { ...books[1]!, centroids: books[1]!.lower }]] }],
  ['sink', { budget: 100, sink: -1, codebooks: [books] }],
  ['window', { budget: 100, window: 0.5, codebooks: [books] }],
])('a wrong %s is named', (argument, wrong) => {
  expect(() => a2ats(wrong)).toThrow(expect.objectContaining({ code: 'invalid-argument', argument }))
})

test('a budget below the first and the last tokens is refused', () => {
  expect(() => a2ats({ budget: 71, codebooks: [books] })).toThrow(
    expect.objectContaining({ code: 'budget-too-small', minimum: 72 }),
  )
})
