import { describe, expect, test } from 'vitest'
import {
  addDimensions,
  divideDimensions,
  evaluateDimension,
  isSymbol,
  multiplyDimensions,
  normaliseDimension,
  sameDimension,
  subtractDimensions,
} from './dimension.ts'

describe('symbolic sizes', () => {
  test.each([
    ['T+P', 'P+T'],
    ['P + T + P', '2*P+T'],
    ['T*B', 'B*T'],
    ['2*3*T+1-1', '6*T'],
    ['T-T', 0],
    ['T-1', 'T-1'],
    ['1-T', '-T+1'],
    ['-T', '-T'],
    [7, 7],
  ])('%s has the canonical form %s', (given, canonical) => {
    expect(normaliseDimension(given)).toBe(canonical)
  })

  test.each(['', 'T+', '2T', 'T//2', 'a b', 'T**2', '$'])('refuses %j', (given) => {
    expect(() => normaliseDimension(given)).toThrow('dimension must be a sum of products of names')
  })

  test.each([1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d', (given) => {
    expect(() => normaliseDimension(given)).toThrow('dimension must be an integer')
  })

  test('adds, subtracts and multiplies', () => {
    expect(addDimensions('P', 'T', 1)).toBe('P+T+1')
    expect(subtractDimensions('P+T', 'P')).toBe('T')
    expect(multiplyDimensions('P+T', 2, 'B')).toBe('2*B*P+2*B*T')
    expect(multiplyDimensions()).toBe(1)
  })

  test('divides exactly or not at all', () => {
    expect(divideDimensions('2*B*T', 'B')).toBe('2*T')
    expect(divideDimensions('6*T+4', 2)).toBe('3*T+2')
    expect(divideDimensions('6*T+3', 2)).toBeUndefined()
    expect(divideDimensions('B*T+P', 'B')).toBeUndefined()
    expect(divideDimensions(12, 'T')).toBeUndefined()
    expect(divideDimensions('B*T', 'B+T')).toBeUndefined()
  })

  test('evaluates when all names have values', () => {
    const sizes = new Map([
      ['P', 5],
      ['T', 2],
    ])
    expect(evaluateDimension('2*P+T-1', sizes)).toBe(11)
    expect(evaluateDimension('P+B', sizes)).toBeUndefined()
    expect(evaluateDimension(3, sizes)).toBe(3)
  })

  test('compares by meaning', () => {
    expect(sameDimension('P+T', 'T+P')).toBe(true)
    expect(sameDimension('T', 4)).toBe(false)
    expect(isSymbol('T')).toBe(true)
    expect(isSymbol('P+T')).toBe(false)
  })
})
