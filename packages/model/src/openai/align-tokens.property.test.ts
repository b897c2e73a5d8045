import fc from 'fast-check'
import { expect, test } from 'vitest'
import { byteTokenizer } from '../testing-kit/byte-tokenizer.ts'
import { alignTokens } from './align-tokens.ts'

const runs = { numRuns: Number(process.env.FC_RUNS ?? 200) }
const anyText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ maxLength: 40 }),
  fc
    .array(fc.constantFrom('a', ' ', 'é', '漢', '😀', '\n', '\0', '▁', 'Ġ'), { maxLength: 30 })
    .map((list) => list.join('')),
)

/** Cuts a list of bytes into tokens at arbitrary places and writes each as a server does. */
function cut(text: string, sizes: readonly number[]): { bytes: Uint8Array[]; texts: string[] } {
  const all = new TextEncoder().encode(text)
  const bytes: Uint8Array[] = []
  for (let start = 0, turn = 0; start < all.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    bytes.push(all.subarray(start, start + size))
    start += size
  }
  return { bytes, texts: bytes.map((token) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(token)) }
}

test('tokens that are whole characters get their exact spans', () => {
  fc.assert(
    fc.property(anyText, fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 6 }), (text, sizes) => {
      const characters = Array.from(text)
      const tokens: string[] = []
      for (let start = 0, turn = 0; start < characters.length; turn++) {
        const size = sizes[turn % sizes.length] ?? 1
        tokens.push(characters.slice(start, start + size).join(''))
        start += size
      }
      fc.pre(!text.includes('\ufffd') && !/\p{Surrogate}/u.test(text))
      const alignment = alignTokens(text, tokens)
      expect(alignment?.covered).toBe(tokens.length)
      expect(alignment?.spans.map((span) => text.slice(span.start, span.end))).toEqual(tokens)
    }),
    runs,
  )
})

test('with characters split between tokens every span holds the characters of its bytes', () => {
  const { encode } = byteTokenizer()
  fc.assert(
    fc.property(anyText, fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 }), (text, sizes) => {
      fc.pre(!text.includes('\ufffd') && !/\p{Surrogate}/u.test(text))
      const { bytes, texts } = cut(text, sizes)
      const alignment = alignTokens(text, texts)
      expect(alignment?.covered).toBe(texts.length)
      const whole = texts.flatMap((token, index) =>
        token.includes('\ufffd') ? [] : [[token, alignment?.spans[index]] as const],
      )
      expect(whole.map(([, span]) => text.slice(span?.start, span?.end))).toEqual(whole.map(([token]) => token))
      // where a character comes twice, its parts may be taken for those of the other one
      const outside = Array.from(text).filter((character) => character > '\x7f')
      if (new Set(outside).size < outside.length) return
      const byteSpans = encode(text).spans
      let position = 0
      for (const [index, token] of bytes.entries()) {
        const first = byteSpans[position]
        const last = byteSpans[position + token.length - 1]
        const span = alignment?.spans[index]
        expect(span?.start).toBeLessThanOrEqual(first?.start ?? 0)
        expect(span?.end).toBeGreaterThanOrEqual(last?.end ?? 0)
        position += token.length
      }
    }),
    runs,
  )
})

test.each([
  [
    'a begin token',
    'Hi there',
    ['<s>', 'Hi', ' there'],
    [
      [0, 0],
      [0, 2],
      [2, 8],
    ],
  ],
  [
    'SentencePiece with a dummy space',
    'Hi there',
    ['<s>', '▁Hi', '▁there'],
    [
      [0, 0],
      [0, 2],
      [2, 8],
    ],
  ],
  [
    'SentencePiece bytes',
    'a😀b',
    ['▁a', '<0xF0>', '<0x9F>', '<0x98>', '<0x80>', 'b'],
    [
      [0, 1],
      [1, 3],
      [1, 3],
      [1, 3],
      [1, 3],
      [3, 4],
    ],
  ],
  [
    'byte-level pieces',
    'a é\n',
    ['a', 'ĠÃ©', 'Ċ'],
    [
      [0, 1],
      [1, 3],
      [3, 4],
    ],
  ],
  [
    'replacement characters',
    'x漢字y',
    ['x', '\ufffd', '\ufffd', '字', 'y'],
    [
      [0, 1],
      [1, 2],
      [1, 2],
      [2, 3],
      [3, 4],
    ],
  ],
  [
    'escaped bytes',
    'é!',
    ['bytes:\\xc3', 'bytes:\\xa9', '!'],
    [
      [0, 1],
      [0, 1],
      [1, 2],
    ],
  ],
  [
    'a token that holds text and a part of a character',
    'a 😀',
    ['a', ' \ufffd', '\ufffd'],
    [
      [0, 1],
      [1, 4],
      [2, 4],
    ],
  ],
])('%s', (_, text, tokens, spans) => {
  const alignment = alignTokens(text, tokens)
  expect(alignment?.spans.map((span) => [span.start, span.end])).toEqual(spans)
})

test('generated tokens after the text are not covered', () => {
  expect(alignTokens('Hi 漢', ['Hi', ' ', '\ufffd', '\ufffd', ' more', ' words'])).toMatchObject({ covered: 4 })
  expect(alignTokens('Hi', ['Hi', ' more'])).toMatchObject({ covered: 1 })
})

test.each([
  ['other text', 'Hi there', ['Hi', ' you']],
  ['too little', 'Hi there', ['Hi']],
  ['bytes where there is ASCII', 'Hi there', ['Hi', '\ufffd', 'there']],
])('tokens that do not spell the text are refused: %s', (_, text, tokens) => {
  expect(alignTokens(text, tokens)).toBeUndefined()
})
