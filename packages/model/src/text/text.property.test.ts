import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { spansOfBytes, utf8Length, utf8Offsets } from './byte-offsets.ts'
import { invertSpans, normaliseSpans } from './span.ts'
import { composeLinks, linksWithin } from './span-link.ts'
import { keepSpans } from './span-map.ts'
import { splitLines } from './split-lines.ts'

const text = fc.string({ unit: 'binary', maxLength: 60 })

/** Any spans within a text of this length. */
const spansOf = (length: number) =>
  fc
    .array(fc.tuple(fc.nat(length), fc.nat(length)), { maxLength: 6 })
    .map((pairs) => pairs.map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) })))

const textWithSpans = text.chain((whole) => fc.tuple(fc.constant(whole), spansOf(whole.length)))

describe('splitLines', () => {
  test('covers the text with lines that end at terminators only', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', '\n', '\r', '\r\n', 'bc'), { maxLength: 30 }).map((parts) => parts.join('')),
        (whole) => {
          const lines = splitLines(whole)
          expect(lines.map((line) => whole.slice(line.start, line.end)).join('')).toBe(whole)
          for (const line of lines.slice(0, -1))
            expect(whole.slice(line.start, line.end)).toMatch(/^[^\r\n]*(\r\n|\n|\r)$/)
        },
      ),
    )
  })

  test.each([
    ['', []],
    ['a', [[0, 1]]],
    [
      'a\r\nb\n',
      [
        [0, 3],
        [3, 5],
      ],
    ],
    [
      '\n\n',
      [
        [0, 1],
        [1, 2],
      ],
    ],
  ])('%j', (whole, expected) => {
    expect(splitLines(whole).map((line) => [line.start, line.end])).toEqual(expected)
  })
})

describe('spans', () => {
  test('normalised spans are ascending and apart, and cover the same characters; the inverse covers the others', () => {
    fc.assert(
      fc.property(spansOf(40), (spans) => {
        const covered = (some: readonly { start: number; end: number }[]) =>
          Array.from({ length: 40 }, (_, at) => some.some((span) => span.start <= at && at < span.end))
        const normal = normaliseSpans(spans)
        expect(covered(normal)).toEqual(covered(spans))
        for (const [index, span] of normal.entries())
          if (index > 0) expect(span.start).toBeGreaterThan(normal[index - 1]!.end)
        expect(covered(invertSpans(spans, 40))).toEqual(covered(spans).map((inside) => !inside))
      }),
    )
  })
})

describe('keepSpans', () => {
  test('each link shows the same characters on both sides', () => {
    fc.assert(
      fc.property(textWithSpans, fc.constantFrom('', '…'), ([whole, spans], marker) => {
        const kept = keepSpans(whole, spans, { marker })
        for (const link of kept.links)
          expect(kept.text.slice(link.output.start, link.output.end)).toBe(
            whole.slice(link.source.start, link.source.end),
          )
        const linked = kept.links.map((link) => kept.text.slice(link.output.start, link.output.end)).join('')
        expect(linked).toBe(
          normaliseSpans(spans)
            .map((span) => whole.slice(span.start, span.end))
            .join(''),
        )
      }),
    )
  })

  test('puts a marker at every omission and tells it what is omitted', () => {
    const kept = keepSpans(
      'abcdefgh',
      [
        { start: 1, end: 2 },
        { start: 4, end: 6 },
      ],
      {
        marker: (omitted) => `<${omitted.end - omitted.start}>`,
      },
    )
    expect(kept.text).toBe('<1>b<2>ef<2>')
  })

  test('refuses a span outside the text', () => {
    expect(() => keepSpans('abc', [{ start: 1, end: 4 }])).toThrow(/kept must be spans within 0-3/)
  })
})

describe('composeLinks', () => {
  test('cutting twice leads back to the first text', () => {
    fc.assert(
      fc.property(
        textWithSpans.chain(([whole, spans]) => {
          const first = keepSpans(whole, spans, { marker: '##' })
          return fc.tuple(fc.constant(whole), fc.constant(first), spansOf(first.text.length))
        }),
        ([whole, first, spans]) => {
          const second = keepSpans(first.text, spans, { marker: '-' })
          const links = composeLinks(second.links, first.links)
          for (const link of links)
            expect(second.text.slice(link.output.start, link.output.end)).toBe(
              whole.slice(link.source.start, link.source.end),
            )
          const fromSource = links.reduce((sum, link) => sum + link.output.end - link.output.start, 0)
          const kept = second.links.flatMap((link) => linksWithin(first.links, link.source))
          expect(fromSource).toBe(kept.reduce((sum, link) => sum + link.output.end - link.output.start, 0))
        },
      ),
    )
  })

  test('a summary stands for its whole source', () => {
    const links = [{ output: { start: 0, end: 4 }, source: { start: 10, end: 50 } }]
    expect(linksWithin(links, { start: 1, end: 2 })).toEqual([
      { output: { start: 1, end: 2 }, source: { start: 10, end: 50 } },
    ])
  })
})

describe('UTF-8 offsets', () => {
  test('agree with TextEncoder', () => {
    fc.assert(
      fc.property(text, (whole) => {
        const bytes = new TextEncoder().encode(whole)
        expect(utf8Length(whole)).toBe(bytes.length)
        const { starts, ends } = utf8Offsets(whole)
        for (let byte = 0; byte < bytes.length; byte++) {
          const before = new TextEncoder().encode(whole.slice(0, starts[byte]))
          expect(before.length).toBeLessThanOrEqual(byte)
          expect(new TextEncoder().encode(whole.slice(0, ends[byte])).length).toBeGreaterThan(byte)
        }
      }),
    )
  })

  test('tokens that share a character share its span', () => {
    expect(spansOfBytes('a😀b', [1, 2, 2, 0, 1])).toEqual([
      { start: 0, end: 1 },
      { start: 1, end: 3 },
      { start: 1, end: 3 },
      { start: 3, end: 3 },
      { start: 3, end: 4 },
    ])
    expect(() => spansOfBytes('a', [2])).toThrow(/byteLengths/)
  })
})
