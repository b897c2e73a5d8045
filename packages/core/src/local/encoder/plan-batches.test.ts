import fc from 'fast-check'
import { expect, test } from 'vitest'
import { planBatches } from './plan-batches.ts'

test('every text is in exactly one batch, and batches of several texts respect the limits', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 600 }), { maxLength: 60 }),
      fc.integer({ min: 1, max: 5000 }),
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.integer({ min: 1, max: 700 }),
      (lengths, maxTokens, maxPairs, neverPadFrom) => {
        const batches = planBatches(lengths, { maxTokens, maxPairs, neverPadFrom })
        expect(batches.flat().sort((a, b) => a - b)).toEqual(lengths.map((_, index) => index))
        for (const batch of batches) {
          const own = batch.map((index) => lengths[index]!)
          const longest = Math.max(...own)
          if (batch.length === 1) continue
          expect(batch.length * longest).toBeLessThanOrEqual(maxTokens)
          if (longest >= neverPadFrom) expect(Math.min(...own)).toBe(longest)
          else expect(batch.length * longest * longest).toBeLessThanOrEqual(maxPairs)
        }
      },
    ),
  )
})

test('texts of like length are padded little, short ones share a batch, long ones are never padded', () => {
  const limits = { maxTokens: 4096, maxPairs: 1e9, neverPadFrom: 384 }
  expect(planBatches([10, 500, 12, 500, 11], limits)).toEqual([
    [1, 3],
    [2, 4, 0],
  ])
  expect(planBatches([1, 9, 5], limits)).toEqual([[1, 2, 0]])
  expect(planBatches([500, 499], limits)).toEqual([[0], [1]])
  expect(planBatches([500, 499], { maxTokens: 4096, maxPairs: 1e9 })).toEqual([[0, 1]])
  expect(planBatches([300, 300, 200, 100], limits)).toEqual([[0, 1], [2], [3]])
})

test('no other division of the sorted texts costs less', () => {
  const cost = (batches: readonly (readonly number[])[]): number =>
    batches.reduce((sum, batch) => sum + batch.length * Math.max(...batch) + 24, 0)
  const divisions = (sorted: readonly number[]): number[][][] =>
    sorted.length === 0
      ? [[]]
      : sorted.flatMap((_, at) => divisions(sorted.slice(at + 1)).map((rest) => [sorted.slice(0, at + 1), ...rest]))
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 8 }), (lengths) => {
      const limits = { maxTokens: 300, maxPairs: 40_000 }
      const allowed = divisions([...lengths].sort((a, b) => b - a)).filter((batches) =>
        batches.every(
          (batch) => batch.length === 1 || (batch.length * batch[0]! <= 300 && batch.length * batch[0]! ** 2 <= 40_000),
        ),
      )
      const planned = planBatches(lengths, limits).map((batch) => batch.map((index) => lengths[index]!))
      expect(cost(planned)).toBe(Math.min(...allowed.map(cost)))
    }),
  )
})
