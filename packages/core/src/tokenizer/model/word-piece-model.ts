/** @file WordPiece: the longest token that fits, again and again; a word that cannot be covered is unknown as a whole. */
import { type AlignedText, originOf } from '../text/aligned-text.ts'
import type { TokenModel } from './token-model.ts'
import type { TokenSink } from './token-sink.ts'
import type { Vocabulary } from './vocabulary.ts'

/** Ids, and where each token ends in its word. */
type Cuts = readonly (readonly [id: number, end: number])[]

export interface WordPieceOptions {
  readonly vocabulary: Vocabulary
  readonly unknownId: number
  /** Marks tokens that go on inside a word. */
  readonly prefix: string
  /** Longer words, in characters, are unknown. */
  readonly longestWord: number
}

/** The tokenization of BERT. */
export class WordPieceModel implements TokenModel {
  /** Words that were cut before. */
  #known = new Map<string, Cuts | undefined>()

  readonly #options: WordPieceOptions
  readonly #longestToken: number

  constructor(options: WordPieceOptions) {
    this.#options = options
    let longest = 0
    for (const token of options.vocabulary.ids.keys()) longest = Math.max(longest, token.length)
    this.#longestToken = longest
  }

  encode(piece: AlignedText, sink: TokenSink): void {
    const { unknownId } = this.#options
    const cuts = this.#remembered(piece.text)
    if (!cuts) {
      const { start, end } = originOf(piece, 0, piece.text.length)
      sink.push(unknownId, start, end)
      return
    }
    let from = 0
    for (const [id, to] of cuts) {
      const { start, end } = originOf(piece, from, to)
      sink.push(id, start, end)
      from = to
    }
  }

  #remembered(text: string): Cuts | undefined {
    if (text.length > 64) return this.#cut(text)
    const known = this.#known.get(text)
    if (known || this.#known.has(text)) return known
    if (this.#known.size >= 65_536) this.#known = new Map()
    const cuts = this.#cut(text)
    this.#known.set(text, cuts)
    return cuts
  }

  #cut(text: string): Cuts | undefined {
    const { vocabulary, prefix, longestWord } = this.#options
    if (text.length > longestWord && [...text].length > longestWord) return undefined
    const cuts: [id: number, end: number][] = []
    for (let from = 0; from < text.length; ) {
      const lead = from > 0 ? prefix : ''
      let to = Math.min(text.length, from + this.#longestToken)
      let id: number | undefined
      for (; to > from; to--) {
        id = vocabulary.ids.get(lead + text.slice(from, to))
        if (id !== undefined) break
      }
      if (id === undefined) return undefined
      cuts.push([id, to])
      from = to
    }
    return cuts
  }
}
