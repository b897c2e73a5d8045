import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Tokenizer } from '../capability/tokenizer.ts'
import { BudgetTooSmallError } from '../errors/budget-too-small-error.ts'
import { makePassage } from '../passage/make-passage.ts'
import { byteTokenizer } from '../testing-kit/byte-tokenizer.ts'
import { wordTokenizer } from '../testing-kit/word-tokenizer.ts'
import { estimateTokenizer } from './estimate-tokenizer.ts'
import { fitBudget } from './fit-budget.ts'
import { fitPassages } from './fit-passages.ts'
import { truncateToTokens } from './truncate-to-tokens.ts'

const tokenizers: Tokenizer[] = [
  byteTokenizer(),
  wordTokenizer('one two three, four. five\nsix'),
  estimateTokenizer(),
  estimateTokenizer({ bytesPerToken: 2 }),
]
const tokenizer = fc.constantFrom(...tokenizers)
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.array(fc.constantFrom('one', ' ', 'two', '\n', 'three,', '😀', 'x'), { maxLength: 20 }).map((all) => all.join('')),
)

describe('fitBudget', () => {
  test('never exceeds the budget, keeps order, splits the items, and leaves none out that would fit', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ text, priority: fc.integer({ min: 0, max: 5 }) }), { maxLength: 12 }),
        fc.integer({ min: 0, max: 120 }),
        tokenizer,
        fc.constantFrom('', '\n', ' /* ... */ '),
        (items, tokens, tokenizer, separator) => {
          const render = (kept: readonly { text: string }[]) => kept.map((item) => item.text).join(separator)
          const result = fitBudget(items, { budget: { tokens, tokenizer }, render, priority: (item) => item.priority })
          expect(tokenizer.count(result.text)).toBe(result.tokens)
          expect(result.tokens).toBeLessThanOrEqual(tokens)
          expect(result.text).toBe(render(result.kept))
          expect(result.keptIndices.map((index) => items[index])).toEqual(result.kept)
          expect(result.kept.length + result.dropped.length).toBe(items.length)
          if (result.tokens === tokens) return
          for (const index of items.keys()) {
            if (result.keptIndices.includes(index)) continue
            const more = [...result.keptIndices, index].sort((a, b) => a - b).map((at) => items[at]!)
            expect(tokenizer.count(render(more))).toBeGreaterThan(tokens)
          }
        },
      ),
    )
  })

  test('takes everything when it fits, and prefers what ranks higher', () => {
    const render = (kept: readonly string[]) => kept.join('')
    const budget = (tokens: number) => ({ tokens, tokenizer: byteTokenizer() })
    expect(fitBudget(['aa', 'bb', 'cc'], { budget: budget(6), render }).text).toBe('aabbcc')
    const ranked = fitBudget(['aa', 'bb', 'cc'], { budget: budget(4), render, priority: (_, index) => index })
    expect(ranked).toMatchObject({ text: 'bbcc', keptIndices: [1, 2], dropped: ['aa'], tokens: 4 })
  })

  test('fills what is left with lower items', () => {
    const { kept } = fitBudget(['aaaa', 'bbbbbbbb', 'c', 'd'], {
      budget: { tokens: 6, tokenizer: byteTokenizer() },
      render: (all) => all.join(''),
    })
    expect(kept).toEqual(['aaaa', 'c', 'd'])
  })

  test('required items stay, and are an error when they alone are too much', () => {
    const options = { render: (kept: readonly string[]) => kept.join(''), required: (item: string) => item === 'bbbb' }
    const fit = (tokens: number) =>
      fitBudget(['aa', 'bbbb'], { ...options, budget: { tokens, tokenizer: byteTokenizer() } })
    expect(fit(5).kept).toEqual(['bbbb'])
    expect(() => fit(3)).toThrow(BudgetTooSmallError)
    expect(() => fit(3)).toThrow('the budget of 3 tokens is too small: the required part needs at least 4')
  })

  test('a small budget never renders the whole input', () => {
    let longest = 0
    const items = Array.from({ length: 10_000 }, (_, index) => `line ${index}\n`)
    fitBudget(items, {
      budget: { tokens: 50, tokenizer: byteTokenizer() },
      render: (kept) => {
        longest = Math.max(longest, kept.length)
        return kept.join('')
      },
    })
    expect(longest).toBeLessThan(20)
  })

  test.each([-1, 0.5, Number.NaN])('refuses a budget of %d', (tokens) => {
    expect(() => fitBudget([], { budget: { tokens, tokenizer: byteTokenizer() }, render: () => '' })).toThrow(
      /budget\.tokens must be an integer >= 0/,
    )
  })
})

describe('fitPassages', () => {
  test('keeps the best scores in the order given, and counts headers and separators', () => {
    const passages = [0.2, 0.9, 0.5].map((score, index) => makePassage(`text ${index}`, { uri: `f${index}`, score }))
    const result = fitPassages(passages, { budget: { tokens: 30, tokenizer: byteTokenizer() } })
    expect(result.kept.map((passage) => passage.source.uri)).toEqual(['f1', 'f2'])
    expect(result.text).toBe('[1] f1\ntext 1\n\n[2] f2\ntext 2')
    expect(result.tokens).toBe(byteTokenizer().count(result.text))
  })

  test('a budget of 0 gives the empty text', () => {
    const result = fitPassages([makePassage('text', { uri: 'f' })], {
      budget: { tokens: 0, tokenizer: byteTokenizer() },
    })
    expect(result).toMatchObject({ text: '', kept: [], tokens: 0 })
  })
})

describe('truncateToTokens', () => {
  test('fits, is an end of the text, and one token more does not fit', () => {
    fc.assert(
      fc.property(
        text,
        fc.integer({ min: 0, max: 60 }),
        tokenizer,
        fc.constantFrom('start', 'end'),
        (whole, tokens, tokenizer, keep) => {
          const span = truncateToTokens(whole, { tokens, tokenizer }, { keep })
          expect(tokenizer.count(whole.slice(span.start, span.end))).toBeLessThanOrEqual(tokens)
          if (keep === 'start') expect(span.start).toBe(0)
          else expect(span.end).toBe(whole.length)
          if (tokenizer.count(whole) <= tokens) {
            expect(span).toEqual({ start: 0, end: whole.length })
            return
          }
          const { spans } = tokenizer.encode(whole)
          const longer =
            keep === 'start'
              ? spans.find((each) => each.end > span.end)
              : spans.findLast((each) => each.start < span.start)
          if (!longer) return
          const more = keep === 'start' ? whole.slice(0, longer.end) : whole.slice(longer.start)
          expect(tokenizer.count(more)).toBeGreaterThan(tokens)
        },
      ),
    )
  })

  test('never cuts a character in two', () => {
    const budget = { tokens: 5, tokenizer: byteTokenizer() }
    expect(truncateToTokens('ab😀😀', budget)).toEqual({ start: 0, end: 2 })
    expect(truncateToTokens('😀😀ab', budget, { keep: 'end' })).toEqual({ start: 4, end: 6 })
  })
})
