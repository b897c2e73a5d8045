import { describe, expect, test } from 'vitest'
import { checkArgument, checkInteger, checkNumber, checkOneOf, checkString } from './check-argument.ts'

describe('checks of arguments', () => {
  test('give the value back when it is allowed', () => {
    expect(checkInteger(3, 'n', { min: 3, max: 3 })).toBe(3)
    expect(checkNumber(0.5, 'p', { min: 0, max: 1 })).toBe(0.5)
    expect(checkOneOf('a', 'kind', ['a', 'b'])).toBe('a')
    expect(checkString('', 'name')).toBe('')
    checkArgument(true, 'x', 1, 'anything')
  })

  test.each<[() => unknown, string]>([
    [() => checkInteger(0.5, 'n'), 'n must be an integer; got 0.5'],
    [() => checkInteger('3', 'n', { min: 0 }), 'n must be an integer >= 0; got "3"'],
    [() => checkInteger(9, 'n', { min: 0, max: 8 }), 'n must be an integer from 0 to 8; got 9'],
    [() => checkInteger(2 ** 53, 'n'), 'n must be an integer; got 9007199254740992'],
    [() => checkNumber(Number.NaN, 'p', { min: 0, max: 1 }), 'p must be a number from 0 to 1; got NaN'],
    [
      () => checkNumber(Number.POSITIVE_INFINITY, 'p', { min: 0, max: 1 }),
      'p must be a number from 0 to 1; got Infinity',
    ],
    [() => checkOneOf('c', 'kind', ['a', 'b']), 'kind must be one of "a", "b"; got "c"'],
    [() => checkString(1, 'name'), 'name must be a string; got 1'],
    [() => checkArgument(false, 'x', [1], 'empty'), 'x must be empty; got an array of 1'],
  ])('say what was given and what is allowed (%#)', (check, message) => {
    expect(check).toThrow(message)
  })
})
