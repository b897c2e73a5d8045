import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { alignPieces } from './align-pieces.ts'
import { byteLengthsOf } from './byte-alphabet.ts'
import { IncrementalDecoder } from './incremental-decoder.ts'

/** A word, cut into pieces as WordPiece writes them. */
const word = fc
  .array(fc.constantFrom('a', 'B', 'é', 'ö', 'x', '漢', 'Σ', '1'), { minLength: 1, maxLength: 6 })
  .chain((characters) =>
    fc.integer({ min: 1, max: characters.length }).map((cut) => {
      const plain = (some: readonly string[]) =>
        some
          .join('')
          .normalize('NFD')
          .replace(/\p{Mn}/gu, '')
          .toLowerCase()
      const parts = [characters.slice(0, cut), characters.slice(cut)].filter((part) => part.length > 0)
      return {
        text: characters.join(''),
        pieces: parts.map((part, index) => (index === 0 ? '' : '##') + plain(part)),
        parts,
      }
    }),
  )

describe('alignPieces', () => {
  test('finds the pieces of words that were lower-cased and lost their accents', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), fc.constantFrom(' ', '  ', '\n', ' \t'), (words, space) => {
        const text = words.map((each) => each.text).join(space)
        const spans = alignPieces(
          text,
          words.flatMap((each) => each.pieces),
          '[UNK]',
        )
        expect(spans.map((span) => text.slice(span.start, span.end))).toEqual(
          words.flatMap((each) => each.parts.map((part) => part.join(''))),
        )
      }),
    )
  })

  test.each<[string, string[], string[]]>([
    ['Hello 😀 world', ['hello', '[UNK]', 'world'], ['Hello', '😀', 'world']],
    ['x 😀', ['x', '[UNK]'], ['x', '😀']],
    ['(😀)', ['(', '[UNK]', ')'], ['(', '😀', ')']],
    ['a #### b', ['▁a', '▁', '#', '###', '▁b'], ['a', '', '#', '###', 'b']],
    ['A new day', ['▁A', '▁new', '▁', 'day'], ['A', 'new', '', 'day']],
    ['ﬁne ½', ['▁fine', '▁1⁄2'], ['ﬁne', '½']],
    ['… ½', ['[UNK]', '[UNK]'], ['…', '½']],
    ['e\u0301a', ['e', '##a'], ['e', 'a']],
    ['ab☃cd', ['▁ab', '<unk>', 'cd'], ['ab', '☃', 'cd']],
    ['x ☃☃', ['▁x', '▁', '<unk>'], ['x', '', '☃☃']],
    ['', [], []],
  ])('%s', (text, tokens, expected) => {
    expect(
      alignPieces(text, tokens, tokens.includes('<unk>') ? '<unk>' : '[UNK]').map((span) =>
        text.slice(span.start, span.end),
      ),
    ).toEqual(expected)
  })
})

describe('byteLengthsOf', () => {
  /** A text in the byte alphabet, written the other way round as the reference. */
  const written = (text: string) => {
    const printable = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174
    const others = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => !printable(byte))
    return Array.from(new TextEncoder().encode(text), (byte) =>
      String.fromCharCode(printable(byte) ? byte : 256 + others.indexOf(byte)),
    )
  }

  test('knows tokens that are the bytes of the text, and no others', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.integer({ min: 1, max: 4 }), (text, size) => {
        const bytes = written(text)
        const tokens: string[] = []
        for (let start = 0; start < bytes.length; start += size) tokens.push(bytes.slice(start, start + size).join(''))
        expect(Array.from(byteLengthsOf(text, tokens) ?? [-1])).toEqual(tokens.map((token) => token.length))
        expect(byteLengthsOf(`${text}x`, tokens)).toBeUndefined()
      }),
    )
    expect(byteLengthsOf('a b', ['a', 'b'])).toBeUndefined()
    expect(Array.from(byteLengthsOf('a b', ['a', 'Ġb']) ?? [])).toEqual([1, 2])
  })
})

describe('IncrementalDecoder', () => {
  test('gives the whole text in parts, never half a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (text) => {
        const decoder = new IncrementalDecoder((ids) =>
          new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(ids)),
        )
        const parts = Array.from(new TextEncoder().encode(text), (byte) => decoder.push(byte))
        expect(parts.join('') + decoder.flush()).toBe(text)
        if (!text.includes('\ufffd')) expect(parts.some((part) => part.includes('\ufffd'))).toBe(false)
      }),
    )
  })
})
