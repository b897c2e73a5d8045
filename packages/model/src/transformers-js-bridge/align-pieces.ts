/**
 * @file Finds the tokens of WordPiece and Unigram vocabularies in the text: both are compared in a plain form (lower
 * case, without accents and spaces) that remembers where each of its characters came from.
 */
import type { Span } from '../text/span.ts'

interface PlainText {
  /** NFD for WordPiece, NFKD for Unigram. */
  form: 'NFD' | 'NFKD'
  characters: string[]
  /** For each character of the plain form its range in the text. */
  spans: Span[]
}

/**
 * For each token its half-open range in the text. An unknown token (`[UNK]`, `<unk>`) takes what its vocabulary would have
 * cut there: a word of WordPiece, the stretch before the next known token of Unigram. A token that stands for no text, or
 * for space alone, has an empty range; the space before a word is not part of its token's range.
 */
export function alignPieces(text: string, tokens: readonly string[], unknown: string | undefined): Span[] {
  const isUnigram = tokens.some((token) => token.startsWith('\u2581'))
  // BERT decomposes canonically; SentencePiece also unfolds ligatures, fractions and the like
  const plain = toPlain(text, isUnigram ? 'NFKD' : 'NFD')
  let position = 0
  return tokens.map((token, index) => {
    const start = position
    if (token === unknown) {
      const next = tokens[index + 1]
      position = isUnigram ? startOfNext(plain, start, next, unknown) : endOfWord(plain, start, text)
      return rangeOf(plain, start, position, text.length)
    }
    const piece = pieceOf(token, plain.form)
    const found = piece.length === 0 ? undefined : find(plain.characters, piece, start)
    if (found === undefined) return rangeOf(plain, start, start, text.length)
    position = found + piece.length
    return rangeOf(plain, found, position, text.length)
  })
}

/** What a token looks like in the text: WordPiece marks continued words by `##`, Unigram writes a space as `\u2581`. */
function pieceOf(token: string, form: PlainText['form']): string[] {
  const written = form === 'NFD' ? token.replace(/^##(?=.)/su, '') : token.replace(/\u2581/g, ' ')
  return toPlain(written, form).characters
}

/** How far ahead a token is looked for: normalisers drop characters, but not many in a row. */
const farthest = 16

function find(characters: readonly string[], piece: readonly string[], position: number): number | undefined {
  for (let start = position; start <= Math.min(position + farthest, characters.length - piece.length); start++)
    if (piece.every((character, offset) => characters[start + offset] === character)) return start
  return undefined
}

/** Ideographs, each of which is a word to BERT's pre-tokenizer. */
const ideograph = /[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{2fa1f}]/u
/** Marks that stand alone: punctuation, and all of ASCII that is no letter, digit or space. */
const mark = /[\p{P}!-/:-@[-`{-~]/u

/** Where the word at a place ends, as BERT's pre-tokenizer cuts. */
function endOfWord(plain: PlainText, start: number, text: string): number {
  const standsAlone = (at: number): boolean => ideograph.test(plain.characters[at]!) || mark.test(plain.characters[at]!)
  let end = start
  while (end < plain.spans.length) {
    const gap = end > start && /\s/.test(text.slice(plain.spans[end - 1]!.end, plain.spans[end]!.start))
    if (end > start && (gap || standsAlone(end))) break
    end++
    if (standsAlone(end - 1)) break
  }
  return end
}

/** Where the next known token starts, at least one character on. */
function startOfNext(plain: PlainText, start: number, next: string | undefined, unknown: string | undefined): number {
  const piece = next === undefined || next === unknown ? [] : pieceOf(next, plain.form)
  if (piece.length === 0) return next === undefined ? plain.spans.length : Math.min(start + 1, plain.spans.length)
  return find(plain.characters, piece, start + 1) ?? Math.min(start + 1, plain.spans.length)
}

function rangeOf(plain: PlainText, start: number, end: number, length: number): Span {
  const at = plain.spans[start]?.start ?? length
  return start === end ? { start: at, end: at } : { start: at, end: plain.spans[end - 1]!.end }
}

function toPlain(text: string, form: PlainText['form']): PlainText {
  const characters: string[] = []
  const spans: Span[] = []
  let start = 0
  for (const character of text) {
    const end = start + character.length
    for (const part of character.normalize(form).toLowerCase()) {
      // dropped by the normalisers, or not compared
      if (/[\p{Mn}\s\p{Cc}\p{Cf}]/u.test(part)) continue
      // a word as a whole ends in another small sigma than its characters one by one
      characters.push(part === '\u03c2' ? '\u03c3' : part)
      spans.push({ start, end })
    }
    start = end
  }
  return { form, characters, spans }
}
