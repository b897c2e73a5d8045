import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { joinPassages, traceSpan } from './join-passages.ts'
import { makePassage } from './make-passage.ts'
import { renderPassages } from './render-passages.ts'
import { slicePassage } from './slice-passage.ts'

describe('makePassage', () => {
  test('links the whole text to its place in the source', () => {
    expect(makePassage('abc', { uri: 'a.ts', start: 10, score: 0.5, contentHash: 'h', metadata: { k: 1 } })).toEqual({
      id: 'a.ts#10-13',
      text: 'abc',
      source: { uri: 'a.ts', contentHash: 'h' },
      spans: [{ output: { start: 0, end: 3 }, source: { start: 10, end: 13 } }],
      score: 0.5,
      metadata: { k: 1 },
    })
    expect(makePassage('', { uri: 'a.ts' }).spans).toEqual([])
  })

  test('refuses a source without a name and a negative place', () => {
    expect(() => makePassage('x', { uri: '' })).toThrow(/uri must be a non-empty string/)
    expect(() => makePassage('x', { uri: 'a', start: -1 })).toThrow(/start must be an integer >= 0/)
  })
})

describe('slicePassage', () => {
  const passage = makePassage('one two three', { uri: 'a.ts', start: 100, tokens: 3, score: 1 })

  test('keeps parts, leads back to the source, and forgets the token count', () => {
    const cut = slicePassage(
      passage,
      [
        { start: 0, end: 3 },
        { start: 8, end: 13 },
      ],
      { marker: '…' },
    )
    expect(cut).toEqual({
      id: 'a.ts#100-113/0-3,8-13',
      text: 'one…three',
      source: { uri: 'a.ts' },
      score: 1,
      spans: [
        { output: { start: 0, end: 3 }, source: { start: 100, end: 103 } },
        { output: { start: 4, end: 9 }, source: { start: 108, end: 113 } },
      ],
    })
    const again = slicePassage(cut, { start: 2, end: 6 }, { id: 'mine' })
    expect(again).toMatchObject({
      id: 'mine',
      text: 'e…th',
      spans: [
        { output: { start: 0, end: 1 }, source: { start: 102, end: 103 } },
        { output: { start: 2, end: 4 }, source: { start: 108, end: 110 } },
      ],
    })
  })
})

describe('joinPassages', () => {
  test('every character of a passage is traced to the same character of its source, and no other is traced', () => {
    const source = 'The source of all passages, with many words in it.'
    const range = fc
      .tuple(fc.nat(source.length), fc.nat(source.length))
      .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
    fc.assert(
      fc.property(fc.array(range, { maxLength: 5 }), fc.constantFrom('', '\n\n', ' | '), (ranges, separator) => {
        const passages = ranges.map(([start, end]) => makePassage(source.slice(start, end), { uri: 's', start }))
        const joined = joinPassages(passages, { separator, header: (_, index) => `<${index}>`, footer: () => '</>' })
        const expected = ranges.map(([start, end], index) => `<${index}>${source.slice(start, end)}</>`).join(separator)
        expect(joined.text).toBe(expected)
        const traced = traceSpan(joined, { start: 0, end: joined.text.length })
        for (const { output, span } of traced)
          expect(joined.text.slice(output.start, output.end)).toBe(source.slice(span.start, span.end))
        const total = traced.reduce((sum, { output }) => sum + output.end - output.start, 0)
        expect(total).toBe(ranges.reduce((sum, [start, end]) => sum + end - start, 0))
        for (const place of joined.places)
          expect(traceSpan(joined, { start: place.span.start - 1, end: place.span.start })).toEqual([])
      }),
    )
  })
})

describe('renderPassages', () => {
  test('numbers the passages under their sources', () => {
    const rendered = renderPassages([makePassage('one', { uri: 'a' }), makePassage('two', { uri: 'b', start: 5 })])
    expect(rendered.text).toBe('[1] a\none\n\n[2] b\ntwo')
    expect(traceSpan(rendered, { start: 17, end: 19 })).toEqual([
      { id: 'b#5-8', source: { uri: 'b' }, output: { start: 17, end: 19 }, span: { start: 5, end: 7 } },
    ])
    expect(renderPassages([]).text).toBe('')
  })
})
