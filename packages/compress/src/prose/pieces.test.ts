import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hostileText } from '../testing-kit/arbitrary-text.ts'
import { phraseSpans } from './phrases.ts'
import { protectionDefaults, protectPieces, resolveProtection } from './protection.ts'
import { joinInside, wordSpans } from './words.ts'

function cut(text: string, spans: readonly { start: number; end: number }[]): string[] {
  return spans.map(({ start, end }) => text.slice(start, end))
}

describe('words', () => {
  test.each([
    [' one two,\n three ', [' ', 'one ', 'two,\n ', 'three ']],
    ['界面 ok', ['界', '面 ', 'ok']],
    ['x'.repeat(50), ['x'.repeat(50)]],
    ['', []],
    [' \n', [' \n']],
  ])('of %j', (text, words) => {
    expect(cut(text, wordSpans(text))).toEqual(words)
  })
})

describe('phrases', () => {
  test('are function words with the content words after them, and end at punctuation', () => {
    const text = 'The quick brown fox jumps over the lazy dog, which sleeps. It is old'
    expect(cut(text, phraseSpans(text))).toEqual([
      'The quick brown fox jumps ',
      'over the lazy dog, ',
      'which sleeps. ',
      'It is old',
    ])
  })
})

test('words and phrases partition any text', () => {
  fc.assert(
    fc.property(hostileText, (text) => {
      expect(cut(text, wordSpans(text)).join('')).toBe(text)
      expect(cut(text, phraseSpans(text)).join('')).toBe(text)
    }),
    { numRuns: 200 },
  )
})

describe('protection', () => {
  const pieces = (text: string, options = {}) =>
    protectPieces(text, wordSpans(text), resolveProtection(options)).map(({ start, end, protection }) => ({
      text: text.slice(start, end),
      protection,
    }))

  test('numbers, ids, URLs and code are protected, later kinds more', () => {
    const text = 'see run-42a at https://a.bc for 12.5 % of `x + y` now'
    const found = pieces(text).filter((piece) => piece.protection > 0)
    expect(found.map((piece) => piece.text.trim())).toEqual(['run-42a', 'https://a.bc', '12.5 %', '`x + y`'])
    const rank = Object.fromEntries(found.map((piece) => [piece.text.trim(), piece.protection]))
    expect(rank['run-42a']).toBeGreaterThan(rank['https://a.bc']!)
    expect(rank['https://a.bc']).toBeGreaterThan(rank['12.5 %']!)
    expect(rank['12.5 %']).toBeGreaterThan(rank['`x + y`']!)
  })

  test('forced phrases come before everything, quotes only on request', () => {
    const text = 'he said "it is fine" and left 3 times'
    expect(pieces(text).find((piece) => piece.text.includes('fine'))?.protection).toBe(0)
    const found = pieces(text, { protectedKinds: ['quotes', 'numbers', 'phrases'], forcedPhrases: ['and left'] })
    expect(found.map((piece) => piece.text)).toContain('"it is fine" ')
    expect(found.find((piece) => piece.text === 'and left ')!.protection).toBeGreaterThan(
      found.find((piece) => piece.text === '3 ')!.protection,
    )
  })

  test('first and last sentences are protected word by word', () => {
    const found = pieces('One two. Three four. Five six.', { protectedKinds: ['first-sentence', 'last-sentence'] })
    expect(found.map((piece) => piece.protection > 0)).toEqual([true, true, false, false, true, true])
  })

  test('ids are never cut, protected or not', () => {
    const id = 'd0a2d9c7-1b2c-4d5e-8f90-aabbccddeeff'
    const text = `key "${id}" value`
    const parts = protectPieces(
      text,
      Array.from(text, (_, start) => ({ start, end: start + 1 })),
      resolveProtection({ protectedKinds: [] }),
    )
    expect(cut(text, parts).some((part) => part === id)).toBe(true)
    expect(cut(text, parts).join('')).toBe(text)
  })

  test.each([
    [{ protect: 'maybe' }, 'protect'],
    [{ protectedKinds: ['verbs'] }, 'protectedKinds'],
    [{ forcedPhrases: [''] }, 'forcedPhrases'],
  ])('%o is refused', (options, argument) => {
    expect(() => resolveProtection(options as never)).toThrow(expect.objectContaining({ argument }))
  })

  test('the defaults are frozen', () => {
    expect(Object.isFrozen(protectionDefaults.protectedKinds)).toBe(true)
  })
})

test('spans that a longer one touches are joined', () => {
  const spans = [0, 2, 4, 6].map((start) => ({ start, end: start + 2 }))
  expect(joinInside(spans, [{ start: 1, end: 5 }])).toEqual([
    { start: 0, end: 6 },
    { start: 6, end: 8 },
  ])
  expect(joinInside(spans, [{ start: 2, end: 4 }])).toEqual(spans)
})
