/**
 * @file Finds the tokens of WordPiece and Unigram vocabularies in the text: both are compared in a plain form (lower
 * case, without accents and spaces) that remembers where each of its characters came from.
 */
import type { Span } from '../text/span.ts'

interface PlainText {
  characters: string[]
  /** For each character of the plain form its range in the text. */
  spans: Span[]
}

/**
 * For each token its half-open range in the text. A token that cannot be found (such as `[UNK]`) takes the word at its
 * place; one that stands for no text has an empty range.
 */
export function alignPieces(text: string, tokens: readonly string[], unknown: string | undefined): Span[] {
  const plain = toPlain(text)
  let position = 0
  return tokens.map((token, index) => {
    const isUnknown = token === unknown
    const piece = isUnknown ? [] : toPlain(token.replace(/^##/, '').replace(/\u2581/g, ' ')).characters
    if (piece.length === 0 && !isUnknown) return emptyAt(plain, position, text.length)
    const found = isUnknown ? position : find(plain.characters, piece, position)
    const start = found ?? position
    const end =
      found === undefined || isUnknown ? endOfWord(plain, start, text, tokens[index + 1]) : start + piece.length
    position = end
    if (start >= plain.spans.length) return { start: text.length, end: text.length }
    return { start: plain.spans[start]!.start, end: plain.spans[Math.max(start, end - 1)]!.end }
  })
}

/** How far ahead a token is looked for: normalisers drop characters, but not many in a row. */
const farthest = 16

function find(characters: readonly string[], piece: readonly string[], position: number): number | undefined {
  for (let start = position; start <= Math.min(position + farthest, characters.length - piece.length); start++)
    if (piece.every((character, offset) => characters[start + offset] === character)) return start
  return undefined
}

/** Where the unknown word at a place ends: before the next space, or where the next token starts. */
function endOfWord(plain: PlainText, start: number, text: string, next: string | undefined): number {
  const following = next === undefined ? [] : toPlain(next.replace(/^##/, '')).characters
  let end = start
  while (end < plain.spans.length) {
    const gap = end > start && /\s/.test(text.slice(plain.spans[end - 1]!.end, plain.spans[end]!.start))
    const nextStarts =
      end > start && following.length > 0 && following.every((each, offset) => plain.characters[end + offset] === each)
    if (gap || nextStarts) break
    end++
  }
  return end
}

function emptyAt(plain: PlainText, position: number, length: number): Span {
  const at = plain.spans[position]?.start ?? length
  return { start: at, end: at }
}

function toPlain(text: string): PlainText {
  const characters: string[] = []
  const spans: Span[] = []
  let start = 0
  for (const character of text) {
    const end = start + character.length
    for (const part of character.normalize('NFKD').toLowerCase()) {
      // marks and spaces belong to what stands before them
      if (/[\p{Mn}\s\p{Cc}\p{Cf}]/u.test(part)) continue
      // a word as a whole ends in another small sigma than its characters one by one
      characters.push(part === '\u03c2' ? '\u03c3' : part)
      spans.push({ start, end })
    }
    if (/\p{Mn}/u.test(character) && spans.length > 0) spans.at(-1)!.end = end
    start = end
  }
  return { characters, spans }
}
