import { expect, test } from 'vitest'
import { fittedExponent, summarise } from './statistics.ts'

test('the median of an even count is the mean of the two in the middle', () => {
  expect(summarise([4, 1, 3, 2])).toEqual({ count: 4, min: 1, median: 2.5, max: 4 })
  expect(summarise([5, 1, 9]).median).toBe(5)
})

test('the growth exponent of a quadratic cost is 2', () => {
  const points = [
    { size: 10, seconds: 3 },
    { size: 100, seconds: 300 },
  ]
  expect(fittedExponent(points)).toBeCloseTo(2, 12)
})

test('an exponent is fitted through several measurements', () => {
  const points = [12, 25, 50, 100].map((size) => ({ size, seconds: 0.3 * size ** 1.2 }))
  expect(fittedExponent(points)).toBeCloseTo(1.2, 12)
  // errors on either side cancel
  const wrong = [
    { size: 1, seconds: 1.1 },
    { size: 10, seconds: 10 / 1.21 },
    { size: 100, seconds: 110 },
  ]
  expect(fittedExponent(wrong)).toBeCloseTo(1, 12)
})
