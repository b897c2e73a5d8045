import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { adaptiveBudgetsExact, adaptiveBudgetsOfficial, roundHalfToEven } from './adaptive.ts'
import { pyramidBudgets } from './pyramid.ts'

const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0)

describe('pyramidBudgets', () => {
  test.each([
    [{ layerCount: 4, budget: 72, window: 8, promptLength: 4096 }, [125, 85, 45, 5]],
    [{ layerCount: 4, budget: 72, window: 8, promptLength: 100 }, [92, 74, 56, 38]],
  ])('%o', (options, expected) => {
    expect(Array.from(pyramidBudgets(options))).toEqual(expected)
  })

  test('32 layers fall from 234 to 17 by 7; the total overshoots a little', () => {
    const budgets = pyramidBudgets({ layerCount: 32, budget: 128, window: 8, promptLength: 4096 })
    expect([budgets[0], budgets[31], sum(budgets)]).toEqual([234, 17, 4016])
  })

  test('28 layers', () => {
    const budgets = pyramidBudgets({ layerCount: 28, budget: 512, window: 8, promptLength: 8192 })
    expect([budgets[0], budgets[27], sum(budgets)]).toEqual([983, 38, 14294])
  })
})

describe('adaptive budgets', () => {
  const two = [Float32Array.of(0.9, 0.8, 0.7, 0.6, 0.5, 0.4), Float32Array.of(0.3, 0.05, 0.04, 0.03, 0.02, 0.01)]
  const three = [
    Float32Array.of(0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3),
    Float32Array.of(0.35, 0.05, 0.04, 0.03, 0.02, 0.01, 0.005),
    Float32Array.of(0.2, 0.1, 0.01, 0.01, 0.01, 0.01, 0.01),
  ]

  test.each([
    [0, [6, 0]],
    [0.2, [5, 0]],
    [0.5, [4, 1]],
    [1, [3, 3]],
  ])('official, alpha %f', (alpha, expected) => {
    expect(Array.from(adaptiveBudgetsOfficial(two, 3, alpha))).toEqual(expected)
  })

  test('official rounds half to even', () => {
    expect(Array.from(adaptiveBudgetsOfficial(three, 3, 0))).toEqual([7, 1, 1])
    expect(Array.from(adaptiveBudgetsOfficial(three, 3, 0.2))).toEqual([6, 1, 1])
    expect(Array.from(adaptiveBudgetsOfficial(three, 3, 0.5))).toEqual([4, 2, 2])
    expect([0.5, 1.5, 2.5, 2.4, 2.6].map(roundHalfToEven)).toEqual([0, 2, 2, 2, 3])
  })

  test.each([
    [0, [6, 0]],
    [0.2, [6, 0]],
    [0.34, [5, 1]],
    [0.67, [4, 2]],
    [1, [3, 3]],
  ])('exact, alpha %f', (alpha, expected) => {
    expect(Array.from(adaptiveBudgetsExact(two, 3, alpha))).toEqual(expected)
  })

  test('exact always spends the whole budget and keeps at least as much mass as a uniform split', () => {
    const rows = fc.array(fc.array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: 8, maxLength: 8 }), {
      minLength: 1,
      maxLength: 4,
    })
    fc.assert(
      fc.property(
        rows,
        fc.integer({ min: 1, max: 8 }),
        fc.float({ min: 0, max: 1, noNaN: true }),
        (heads, budget, alpha) => {
          const scores = heads.map((row) => Float32Array.from(row))
          expect(sum(adaptiveBudgetsExact(scores, budget, alpha))).toBe(scores.length * budget)
          const mass = (counts: ArrayLike<number>) =>
            sum(
              scores.map((row, head) =>
                sum(
                  Float32Array.from(row)
                    .sort()
                    .subarray(8 - counts[head]!),
                ),
              ),
            )
          expect(mass(adaptiveBudgetsExact(scores, budget, 0))).toBeGreaterThanOrEqual(
            mass(scores.map(() => budget)) - 1e-5,
          )
        },
      ),
    )
  })
})
