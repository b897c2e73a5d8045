import { expect, test } from 'vitest'
import { growthExponent, summarise } from './statistics.ts'

test('the median of an even count is the mean of the two in the middle', () => {
  expect(summarise([4, 1, 3, 2])).toEqual({ count: 4, min: 1, median: 2.5, max: 4 })
  expect(summarise([5, 1, 9]).median).toBe(5)
})

test('the growth exponent of a quadratic cost is 2', () => {
  expect(growthExponent({ size: 10, seconds: 3 }, { size: 100, seconds: 300 })).toBeCloseTo(2, 12)
})
