/** @file Tokens that are found in the text before it is split: special tokens and user-defined ones. */
import type { Span } from '@lc/model'

export interface AddedToken {
  readonly id: number
  readonly content: string
  /** Control tokens such as `<|im_end|>`: only recognised where the caller asks for it. */
  readonly special: boolean
  /** Searched in the normalised text instead of the given one. */
  readonly normalized: boolean
  /** Takes in white space to the left or right. */
  readonly stripLeft: boolean
  readonly stripRight: boolean
  /** Only matches where no word character stands beside it. */
  readonly singleWord: boolean
}

export interface FoundToken {
  readonly token: AddedToken
  readonly start: number
  readonly end: number
}

/** Finds the leftmost, among equals the longest, added tokens. */
export class AddedTokenFinder {
  readonly #byFirst = new Map<string, AddedToken[]>()
  readonly #first: RegExp | undefined

  constructor(tokens: readonly AddedToken[]) {
    for (const token of tokens) {
      const first = token.content[0]
      if (first === undefined) continue
      const list = this.#byFirst.get(first)
      if (list) list.push(token)
      else this.#byFirst.set(first, [token])
    }
    for (const list of this.#byFirst.values()) list.sort((a, b) => b.content.length - a.content.length)
    const firsts = [...this.#byFirst.keys()].map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    if (firsts.length > 0) this.#first = new RegExp(`[${firsts.join('')}]`, 'g')
  }

  /** All matches in order; special tokens that touch a `literal` range are passed over. */
  find(text: string, literal: readonly Span[] = []): FoundToken[] {
    const found: FoundToken[] = []
    const first = this.#first
    if (!first) return found
    let done = 0
    let range = 0
    first.lastIndex = 0
    for (let match = first.exec(text); match; match = first.exec(text)) {
      const at = match.index
      while (range < literal.length && literal[range]!.end <= at) range++
      const token = this.#byFirst
        .get(match[0])!
        .find(
          (candidate) =>
            text.startsWith(candidate.content, at) &&
            standsAlone(candidate, text, at) &&
            !(candidate.special && (literal[range]?.start ?? Number.POSITIVE_INFINITY) < at + candidate.content.length),
        )
      if (!token) continue
      const span = withWhiteSpace(token, text, at, done)
      found.push({ token, ...span })
      done = span.end
      first.lastIndex = done
    }
    return found
  }
}

const wordCharacter = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u

function standsAlone(token: AddedToken, text: string, at: number): boolean {
  if (!token.singleWord) return true
  const after = text.codePointAt(at + token.content.length)
  const before = text.slice(Math.max(0, at - 2), at)
  const last = [...before].at(-1)
  return !(
    (after !== undefined && wordCharacter.test(String.fromCodePoint(after))) ||
    (last !== undefined && wordCharacter.test(last))
  )
}

function withWhiteSpace(token: AddedToken, text: string, at: number, floor: number): { start: number; end: number } {
  let start = at
  let end = at + token.content.length
  if (token.stripLeft) while (start > floor && /\p{White_Space}/u.test(text[start - 1]!)) start--
  if (token.stripRight) while (end < text.length && /\p{White_Space}/u.test(text[end]!)) end++
  return { start, end }
}
