import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bfloat16ToNumber, halfToNumber, numberToBfloat16, numberToHalf, roundHalfToEven } from './half.ts'

const numRuns = Number(process.env.LC_PROPERTY_RUNS ?? 100)

test('every half-precision pattern survives the way to a number and back', () => {
  for (let pattern = 0; pattern < 65536; pattern += 1) {
    const value = halfToNumber(pattern)
    if (!Number.isNaN(value)) expect(numberToHalf(value)).toBe(pattern)
  }
})

test('a number goes to the nearest half-precision number', () => {
  fc.assert(
    fc.property(fc.double({ min: -65504, max: 65504, noNaN: true }), (value) => {
      const pattern = numberToHalf(value)
      const error = Math.abs(halfToNumber(pattern) - value)
      for (const neighbour of [pattern - 1, pattern + 1]) {
        const other = halfToNumber(neighbour & 0xffff)
        if (Number.isFinite(other)) expect(Math.abs(other - value)).toBeGreaterThanOrEqual(error)
      }
    }),
    { numRuns },
  )
})

test('the edges of half precision', () => {
  expect(numberToHalf(65519)).toBe(0x7bff)
  expect(numberToHalf(65520)).toBe(0x7c00)
  expect(numberToHalf(Number.NEGATIVE_INFINITY)).toBe(0xfc00)
  expect(numberToHalf(2 ** -25)).toBe(0)
  expect(numberToHalf(2 ** -24)).toBe(1)
  expect(numberToHalf(-0)).toBe(0x8000)
  expect(halfToNumber(numberToHalf(Number.NaN))).toBeNaN()
})

test('bfloat16 is the upper half of float32, rounded to even', () => {
  expect(numberToBfloat16(1)).toBe(0x3f80)
  expect(numberToBfloat16(1 + 2 ** -8)).toBe(0x3f80)
  expect(numberToBfloat16(1 + 3 * 2 ** -8)).toBe(0x3f82)
  expect(bfloat16ToNumber(0x3fc0)).toBe(1.5)
  expect(bfloat16ToNumber(numberToBfloat16(Number.NaN))).toBeNaN()
})

test.each([
  [0.5, 0],
  [1.5, 2],
  [2.5, 2],
  [-0.5, 0],
  [-1.5, -2],
  [0.4, 0],
  [0.6, 1],
])('%d rounds to %d', (value, rounded) => {
  expect(roundHalfToEven(value) + 0).toBe(rounded)
})
