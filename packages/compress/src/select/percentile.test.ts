import { expect, test } from 'vitest'
import { percentile } from './percentile.ts'

test.each([
  [[1, 2, 3, 4], 50, 2.5],
  [[4, 1, 3, 2], 25, 1.75],
  [[7], 90, 7],
  [[1, Number.NaN, 3], 50, 2],
  [[1, 2], 0, 1],
  [[1, 2], 100, 2],
  [[], 50, Number.NaN],
])('of %j at %d is %d', (values, percent, expected) => {
  expect(percentile(values, percent)).toBe(expected)
})
