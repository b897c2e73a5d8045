/**
 * @file Token strings of a server to UTF-16 ranges of the text that was sent. Servers write tokens in three ways: as
 * decoded text (with U+FFFD or `bytes:\xNN` for parts of a character), as SentencePiece pieces (`▁` for a space,
 * `<0xNN>` for a byte), as byte-level pieces (`Ġ` for a space). Each way is tried; one that does not spell the text is
 * not it.
 */
import type { Span } from '../text/span.ts'

/** Where the tokens are. */
export interface TokenAlignment {
  /** One a token: empty at the front for tokens that stand for no text, such as a begin token. */
  spans: Span[]
  /** The tokens up to the end of the text; what follows was generated. */
  covered: number
}

/** A piece of a token: text that must be found as it is, or some bytes of characters outside ASCII. */
type Piece = string | { bytes: number }

/**
 * Aligns, or returns undefined when the tokens do not spell the text. Tokens of one split character share its span.
 * The text of the first token may be unknown (vLLM does not tell it): then the others must spell the end of the text.
 */
export function alignTokens(text: string, tokens: readonly (string | undefined)[]): TokenAlignment | undefined {
  const [first, ...others] = tokens
  for (const spelling of [asText, asSentencePieces, asByteLevel]) {
    const pieces = (first === undefined ? others : tokens).map((token) => spelling(token ?? ''))
    const alignment =
      first === undefined && tokens.length > 0 ? alignAfterUnknown(text, pieces) : alignPieces(text, pieces)
    if (alignment) return alignment
  }
  return undefined
}

/** No token is longer than this in characters, or its text is told. */
const longestUnknown = 256

function alignAfterUnknown(text: string, others: readonly Piece[][]): TokenAlignment | undefined {
  const pieces = others.flat()
  const literal = pieces.reduce((sum, piece) => sum + (typeof piece === 'string' ? piece.length : 0), 0)
  const most = Math.min(text.length - literal, longestUnknown)
  // without parts of characters only one length is left
  const least = pieces.every((piece) => typeof piece === 'string') ? most : 0
  if (least < 0 || (least === most && most < text.length - literal)) return undefined
  for (let length = least; length <= most; length++) {
    const rest = walk(text.slice(length), others, 0)
    if (rest?.covered !== others.length) continue
    const spans = rest.spans.map((span) => ({ start: span.start + length, end: span.end + length }))
    // the first token may hold the beginning of a character that the second one ends
    const shared = typeof others[0]?.[0] === 'object' ? (spans[0]?.end ?? length) : length
    return { spans: [{ start: 0, end: shared }, ...spans], covered: rest.covered + 1 }
  }
  return undefined
}

/** At most this many tokens before the text may stand for no text. */
const longestPrologue = 3

function alignPieces(text: string, tokens: readonly Piece[][]): TokenAlignment | undefined {
  for (let skipped = 0; skipped <= Math.min(longestPrologue, tokens.length); skipped++) {
    const alignment = walk(text, tokens, skipped)
    if (alignment) return alignment
    // a dummy space before the first word (SentencePiece)
    const first = tokens[skipped]
    if (typeof first?.[0] !== 'string' || first[0][0] !== ' ') continue
    const stripped = [first[0].slice(1), ...first.slice(1)].filter((piece) => piece !== '')
    const dummy = walk(text, [...tokens.slice(0, skipped), stripped, ...tokens.slice(skipped + 1)], skipped)
    if (dummy) return dummy
  }
  return undefined
}

/** Wrong guesses about where a run of bytes ends that are taken back. */
const mostRetries = 64

function walk(text: string, tokens: readonly Piece[][], skipped: number): TokenAlignment | undefined {
  // for each run of bytes, which of the places where it may end is tried
  let choices: number[] = []
  for (let attempt = 0; attempt <= mostRetries; attempt++) {
    const walker = new TextWalk(text, choices)
    const alignment = walkOnce(walker, tokens, skipped)
    if (alignment) return alignment
    if (walker.runCount === 0) return undefined
    choices = Array.from({ length: walker.runCount }, (_, run) => choices[run] ?? 0)
    choices[walker.runCount - 1]! += 1
  }
  return undefined
}

function walkOnce(walker: TextWalk, tokens: readonly Piece[][], skipped: number): TokenAlignment | undefined {
  for (let index = 0; index < skipped; index++) walker.open()
  let index = skipped
  for (; index < tokens.length && !walker.finished; index++) {
    walker.open()
    for (const [offset, piece] of (tokens[index] ?? []).entries()) {
      if (typeof piece !== 'string') walker.takeBytes(piece.bytes)
      else if (!walker.takeText(piece, () => literalAhead(tokens, index, offset)))
        // the text may have ended with the bytes before this token
        return walker.finished && offset === 0 ? { spans: walker.spans.slice(0, index), covered: index } : undefined
    }
  }
  return walker.finish() ? { spans: walker.spans, covered: index } : undefined
}

/** A walk along the text, token by token. */
class TextWalk {
  readonly spans: Span[] = []
  readonly #text: string
  #position = 0
  /** Bytes that wait for the text after them, and the tokens that they belong to. */
  #bytes = 0
  #waiting: number[] = []
  readonly #choices: readonly number[]
  /** Runs of bytes whose end was found. */
  runCount = 0

  constructor(text: string, choices: readonly number[]) {
    this.#text = text
    this.#choices = choices
  }

  /** The whole text is spelt. */
  get finished(): boolean {
    return this.#position === this.#text.length && this.#bytes === 0
  }

  /** Begins the next token. */
  open(): void {
    this.spans.push({ start: this.#position, end: this.#position })
  }

  /** Parts of characters: their place is known when the text after them is found. */
  takeBytes(bytes: number): void {
    this.#bytes += bytes
    this.#waiting.push(this.spans.length - 1)
  }

  /** Text that must stand here. */
  takeText(piece: string, ahead: () => string): boolean {
    if (this.#bytes > 0) {
      const choice = this.#choices[this.runCount] ?? 0
      const end = endOfRun(this.#text, this.#position, this.#bytes, ahead(), choice)
      if (end === undefined) return false
      this.runCount++
      const current = this.spans.length - 1
      const fresh = !this.#waiting.includes(current)
      this.#closeRun(end)
      if (fresh) this.spans[current] = { start: end, end }
    }
    if (this.finished || !this.#text.startsWith(piece, this.#position)) return false
    this.#position += piece.length
    const span = this.spans.at(-1)!
    this.spans[this.spans.length - 1] = { start: span.start, end: this.#position }
    return true
  }

  /** Ends the walk: what is left of the text must be the bytes that wait. */
  finish(): boolean {
    if (this.#bytes > 0) {
      if (!isOutsideAscii(this.#text, this.#position)) return false
      this.#closeRun(this.#text.length)
    }
    return this.finished
  }

  #closeRun(end: number): void {
    for (const token of this.#waiting) {
      const span = this.spans[token]!
      this.spans[token] = { start: Math.min(span.start, this.#position), end: Math.max(span.end, end) }
    }
    this.#position = end
    this.#bytes = 0
    this.#waiting = []
  }
}

/** The literal text from a piece on, up to the next bytes; enough of it to tell places apart. */
function literalAhead(tokens: readonly Piece[][], index: number, offset: number): string {
  let ahead = ''
  for (let token = index; token < tokens.length && ahead.length < 64; token++)
    for (const piece of (tokens[token] ?? []).slice(token === index ? offset : 0)) {
      if (typeof piece !== 'string') return ahead
      ahead += piece
    }
  return ahead
}

/**
 * A place after a run of bytes where the following text stands, or the end, when only generated tokens follow: the
 * first such place, or by `choice` a later one.
 */
function endOfRun(text: string, start: number, bytes: number, ahead: string, choice: number): number | undefined {
  let size = 0
  let passed = 0
  for (let end = start; end <= text.length; ) {
    if (size >= bytes && (end === text.length || followsAt(text, end, ahead)) && passed++ === choice) return end
    const code = text.codePointAt(end)
    if (code === undefined || code < 0x80) return undefined
    size += code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
    end += code > 0xffff ? 2 : 1
  }
  return undefined
}

function followsAt(text: string, position: number, ahead: string): boolean {
  return text.startsWith(ahead, position) || ahead.startsWith(text.slice(position, position + ahead.length))
}

function isOutsideAscii(text: string, start: number): boolean {
  for (let index = start; index < text.length; index++) if (text.charCodeAt(index) < 0x80) return false
  return start < text.length
}

function splitAtReplacements(text: string): Piece[] {
  const pieces: Piece[] = []
  for (const part of text.split(/(\ufffd+)/)) {
    if (part === '') continue
    // each replacement stands for one byte at least
    pieces.push(part[0] === '\ufffd' ? { bytes: part.length } : part)
  }
  return pieces
}

function asText(token: string): Piece[] {
  const bytes = /^bytes:((?:\\x[0-9a-f]{2})+)$/i.exec(token)?.[1]
  if (bytes === undefined) return splitAtReplacements(token)
  return piecesOfBytes(
    bytes
      .split('\\x')
      .slice(1)
      .map((hex) => Number.parseInt(hex, 16)),
  )
}

function asSentencePieces(token: string): Piece[] {
  const byte = /^<0x([0-9A-F]{2})>$/i.exec(token)?.[1]
  return byte === undefined
    ? splitAtReplacements(token.replaceAll('▁', ' '))
    : piecesOfBytes([Number.parseInt(byte, 16)])
}

/** GPT-2's byte alphabet: printable Latin-1 stands for itself, the others follow from U+0100 on. */
const byteOfCharacter: ReadonlyMap<string, number> = (() => {
  const map = new Map<string, number>()
  let next = 0x100
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae
    map.set(String.fromCharCode(printable ? byte : next++), byte)
  }
  return map
})()

function asByteLevel(token: string): Piece[] {
  const bytes: number[] = []
  for (const character of token) {
    const byte = byteOfCharacter.get(character)
    // a special token stands for no text and is written as it is
    if (byte === undefined) return splitAtReplacements(token)
    bytes.push(byte)
  }
  return piecesOfBytes(bytes)
}

/** Whole characters as text, parts of characters as bytes. */
function piecesOfBytes(bytes: readonly number[]): Piece[] {
  const pieces: Piece[] = []
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes))
  let known = 0
  for (const piece of splitAtReplacements(text)) {
    pieces.push(piece)
    if (typeof piece === 'string') known += new TextEncoder().encode(piece).length
  }
  // exact number of bytes where there is one run only, else at least one for each replacement
  const runs = pieces.filter((piece) => typeof piece !== 'string')
  return runs.length === 1 ? pieces.map((p) => (typeof p === 'string' ? p : { bytes: bytes.length - known })) : pieces
}
