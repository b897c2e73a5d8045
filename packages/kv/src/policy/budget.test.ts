import { describe, expect, test } from 'vitest'
import { readBudget, readSlots } from './budget.ts'

describe('a budget', () => {
  test.each([
    [64, 1000, 64],
    ['25%', 1000, 250],
    ['10%', 100, 10],
    ['10%', 10, 1],
    ['1%', 10, 1],
    ['12.5%', 80, 10],
    ['100%', 7, 7],
  ] as const)('%s of %i tokens is %i slots', (budget, length, slots) => {
    expect(readBudget(budget, 0)(length)).toBe(slots)
  })

  test('a share keeps the protected slots whatever it is', () => {
    expect(readBudget('1%', 36)(100)).toBe(36)
  })

  test.each([0, -1, 1.5, Number.NaN, '0%', '101%', '%', 'many', '1e2%', undefined, null, {}])(
    '%s is refused',
    (budget) => {
      expect(() => readBudget(budget as number, 0)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
    },
  )

  test('slots below the protected ones are refused', () => {
    expect(() => readBudget(35, 36)).toThrow(expect.objectContaining({ code: 'budget-too-small', minimum: 36 }))
    expect(readBudget(36, 36)(1000)).toBe(36)
  })

  test('shares are refused where slots are needed', () => {
    expect(() => readSlots('50%', 0)).toThrow(expect.objectContaining({ code: 'invalid-argument', argument: 'budget' }))
    expect(readSlots(5, 0)).toBe(5)
  })
})
