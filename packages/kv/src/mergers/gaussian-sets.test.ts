import fc from 'fast-check'
import { expect, test } from 'vitest'
import { gaussianSet, mergeRows, runsForCount, similarRuns } from './gaussian-sets.ts'

const head = (...rows: number[][]) => ({ rows: Float32Array.from(rows.flat()), headDim: rows[0]!.length })

test('the published example: three keys, pivot first, sigma 5', () => {
  const keys = head([1, 0], [0.9, 0.1], [0.8, 0.3])
  const set = gaussianSet(keys, Float32Array.of(1, 0, 0), { start: 0, end: 3 }, 5)
  expect(set.pivot).toBe(0)
  expect(Array.from(set.weights, (weight) => Number(weight.toFixed(5)))).toEqual([0.33367, 0.33353, 0.3328])
  expect(Array.from(mergeRows(keys, set), (value) => Number(value.toFixed(5)))).toEqual([0.90009, 0.13319])
})

test('a wide Gaussian is the plain mean, a narrow one the pivot', () => {
  const keys = head([1, 0], [0, 1])
  const attention = Float32Array.of(0, 1)
  expect(Array.from(gaussianSet(keys, attention, { start: 0, end: 2 }, 1e6).weights)).toEqual([0.5, 0.5])
  expect(Array.from(mergeRows(keys, gaussianSet(keys, attention, { start: 0, end: 2 }, 1e-3)))).toEqual([0, 1])
})

test('the sum of values is the mean times the size', () => {
  const rows = head([1, 2], [3, 4])
  const set = gaussianSet(rows, Float32Array.of(1, 0), { start: 0, end: 2 })
  const mean = mergeRows(rows, set)
  expect(Array.from(mergeRows(rows, set, 'sum'))).toEqual(Array.from(mean, (value) => Math.fround(value * 2)))
})

test('runs are contiguous, disjoint and cover the range; thresholds 1 and -1.1 are the extremes', () => {
  const key = fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 })
  fc.assert(
    fc.property(
      fc.array(key, { minLength: 1, maxLength: 20 }),
      fc.float({ min: -1, max: 1, noNaN: true }),
      (rows, threshold) => {
        const keys = head(...rows)
        const runs = similarRuns(keys, 0, rows.length, threshold)
        expect(runs[0]!.start).toBe(0)
        expect(runs.at(-1)!.end).toBe(rows.length)
        for (let i = 1; i < runs.length; i++) expect(runs[i]!.start).toBe(runs[i - 1]!.end)
        expect(similarRuns(keys, 0, rows.length, -1.1)).toHaveLength(1)
        expect(similarRuns(keys, 0, rows.length, 1.00001)).toHaveLength(rows.length)
      },
    ),
  )
})

test('runs for a count are those of the threshold that just meets it, around what stays alone', () => {
  const keys = head([1, 0], [1, 0.1], [0, 1], [0.1, 1], [1, 1], [1, 0.9])
  expect(runsForCount(keys, { from: 0, to: 6, alone: [], count: 3 })).toEqual([
    { start: 0, end: 2 },
    { start: 2, end: 4 },
    { start: 4, end: 6 },
  ])
  expect(runsForCount(keys, { from: 0, to: 6, alone: [], count: 3 })).toEqual(similarRuns(keys, 0, 6, 0.9))
  expect(runsForCount(keys, { from: 1, to: 6, alone: [3], count: 4 })).toEqual([
    { start: 1, end: 2 },
    { start: 2, end: 3 },
    { start: 3, end: 4 },
    { start: 4, end: 6 },
  ])
})

test('runs for a count cover the range and are as many as asked', () => {
  const key = fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 })
  fc.assert(
    fc.property(fc.array(key, { minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 25 }), (rows, count) => {
      const runs = runsForCount(head(...rows), { from: 0, to: rows.length, alone: [], count })
      expect(runs.length).toBe(Math.min(count, rows.length))
      expect(runs[0]!.start).toBe(0)
      expect(runs.at(-1)!.end).toBe(rows.length)
      for (let index = 1; index < runs.length; index++) expect(runs[index]!.start).toBe(runs[index - 1]!.end)
    }),
  )
})
