import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { knapsack } from './knapsack.ts'
import { treeKnapsack } from './tree-knapsack.ts'
import { waterFill } from './water-fill.ts'

const runs = { numRuns: Number(process.env.FC_RUNS ?? 100) }

const item = fc.record({ weight: fc.integer({ min: 0, max: 12 }), value: fc.integer({ min: 0, max: 50 }) })

/** The best value over all subsets that fit and are closed under parents. */
function bruteForce(weights: number[], values: number[], parents: number[], capacity: number): number {
  let best = 0
  for (let mask = 0; mask < 1 << weights.length; mask++) {
    let weight = 0
    let value = 0
    let closed = true
    for (let index = 0; index < weights.length; index++) {
      if (!(mask & (1 << index))) continue
      weight += weights[index]!
      value += values[index]!
      if (parents[index]! >= 0 && !(mask & (1 << parents[index]!))) closed = false
    }
    if (closed && weight <= capacity) best = Math.max(best, value)
  }
  return best
}

function total(taken: Uint8Array, amounts: number[]): number {
  return amounts.reduce((sum, amount, index) => sum + (taken[index] ? amount : 0), 0)
}

describe('knapsack', () => {
  test('is as good as trying all subsets, and fits', () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 10 }), fc.integer({ min: 0, max: 60 }), (items, capacity) => {
        const weights = items.map(({ weight }) => weight)
        const values = items.map(({ value }) => value)
        const taken = knapsack(weights, values, capacity)
        expect(total(taken, weights)).toBeLessThanOrEqual(capacity)
        expect(total(taken, values)).toBe(
          bruteForce(
            weights,
            values,
            weights.map(() => -1),
            capacity,
          ),
        )
      }),
      runs,
    )
  })
})

/** A random forest in preorder: each item hangs below the one before it, or below one of that one's ancestors. */
const forest = fc.array(fc.tuple(item, fc.nat(4)), { maxLength: 11 }).map((entries) => {
  const parents: number[] = []
  entries.forEach(([, climb], index) => {
    let parent = index - 1
    for (let step = 0; step < climb && parent >= 0; step++) parent = parents[parent]!
    parents.push(parent)
  })
  return { items: entries.map(([each]) => each), parents }
})

describe('knapsack with preconditions', () => {
  test('is as good as trying all closed subsets, fits, and is closed', () => {
    fc.assert(
      fc.property(forest, fc.integer({ min: 0, max: 60 }), ({ items, parents }, capacity) => {
        const weights = items.map(({ weight }) => weight)
        const values = items.map(({ value }) => value)
        const taken = treeKnapsack({ weights, values, parents, capacity })
        expect(total(taken, weights)).toBeLessThanOrEqual(capacity)
        parents.forEach((parent, index) => {
          if (taken[index] && parent >= 0) expect(taken[parent]).toBe(1)
        })
        expect(total(taken, values)).toBe(bruteForce(weights, values, parents, capacity))
      }),
      runs,
    )
  })

  test('fits when capacity is measured in coarse steps', () => {
    fc.assert(
      fc.property(forest, fc.integer({ min: 0, max: 200 }), ({ items, parents }, capacity) => {
        const weights = items.map(({ weight }) => weight * 5)
        const values = items.map(({ value }) => value)
        const taken = treeKnapsack({ weights, values, parents, capacity, steps: 16 })
        expect(total(taken, weights)).toBeLessThanOrEqual(capacity)
      }),
      runs,
    )
  })

  test('refuses a parent that does not come first', () => {
    expect(() => treeKnapsack({ weights: [1, 1], values: [1, 1], parents: [1, -1], capacity: 2 })).toThrow(
      expect.objectContaining({ code: 'invalid-argument', argument: 'parents' }),
    )
  })
})

describe('water filling', () => {
  test('spends the whole total where limits allow, and no share is above its limit', () => {
    const share = fc.record({ wish: fc.integer({ min: 0, max: 9 }), limit: fc.integer({ min: 0, max: 100 }) })
    fc.assert(
      fc.property(fc.array(share, { maxLength: 12 }), fc.integer({ min: 0, max: 500 }), (entries, amount) => {
        const limits = entries.map(({ limit }) => limit)
        const shares = waterFill(
          entries.map(({ wish }) => wish),
          limits,
          amount,
        )
        const sum = shares.reduce((all, each) => all + each, 0)
        const most = limits.reduce((all, each) => all + each, 0)
        expect(sum).toBeCloseTo(Math.min(amount, most), 6)
        shares.forEach((each, index) => {
          expect(each).toBeLessThanOrEqual(limits[index]! + 1e-9)
        })
      }),
      runs,
    )
  })
})
