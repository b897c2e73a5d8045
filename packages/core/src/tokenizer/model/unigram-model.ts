/** @file Unigram (SentencePiece): the most probable cut of a piece, by Viterbi (Kudo 2018, arXiv:1804.10959). */
import { type AlignedText, originOf } from '../text/aligned-text.ts'
import type { TokenModel } from './token-model.ts'
import type { TokenSink } from './token-sink.ts'
import type { Vocabulary } from './vocabulary.ts'

export interface UnigramOptions {
  readonly vocabulary: Vocabulary
  /** Log-probabilities by id. */
  readonly scores: Float64Array
  readonly unknownId: number | undefined
  readonly byteFallback: boolean
}

/** How much less probable an unknown character is than the rarest token. */
const unknownPenalty = 10

/** The most probable cut of a piece into tokens. */
export class UnigramModel implements TokenModel {
  readonly #options: UnigramOptions
  readonly #unknownScore: number
  /** The longest token that begins with a unit; most starts are short. */
  readonly #longest = new Map<number, number>()
  readonly #byteIds: readonly (number | undefined)[]

  constructor(options: UnigramOptions) {
    this.#options = options
    const { vocabulary, scores } = options
    let worst = Number.POSITIVE_INFINITY
    for (const score of scores) if (score < worst) worst = score
    this.#unknownScore = (Number.isFinite(worst) ? worst : 0) - unknownPenalty
    for (const token of vocabulary.ids.keys()) {
      const first = token.charCodeAt(0)
      if (token.length > (this.#longest.get(first) ?? 0)) this.#longest.set(first, token.length)
    }
    this.#byteIds = Array.from({ length: 256 }, (_, byte) =>
      vocabulary.ids.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`),
    )
  }

  encode(piece: AlignedText, sink: TokenSink): void {
    const { unknownId, byteFallback } = this.#options
    const { cuts, ids } = this.#best(piece.text)
    for (let i = 0; i < ids.length; ) {
      if (ids[i]! >= 0) {
        const { start, end } = originOf(piece, cuts[i]!, cuts[i + 1]!)
        sink.push(ids[i]!, start, end)
        i++
        continue
      }
      // a run of unknown characters is one unknown token, or the bytes of all of them
      const from = cuts[i]!
      while (i < ids.length && ids[i]! < 0) i++
      const { start, end } = originOf(piece, from, cuts[i]!)
      const bytes = byteFallback ? new TextEncoder().encode(piece.text.slice(from, cuts[i]!)) : undefined
      if (bytes?.every((byte) => this.#byteIds[byte] !== undefined)) this.#pushBytes(piece, from, cuts[i]!, sink)
      else if (unknownId !== undefined) sink.push(unknownId, start, end)
    }
  }

  #pushBytes(piece: AlignedText, from: number, to: number, sink: TokenSink): void {
    for (let at = from; at < to; ) {
      const character = String.fromCodePoint(piece.text.codePointAt(at)!)
      const { start, end } = originOf(piece, at, at + character.length)
      for (const byte of new TextEncoder().encode(character)) sink.push(this.#byteIds[byte]!, start, end)
      at += character.length
    }
  }

  /** Cut positions and token ids of the best path; -1 stands for an unknown character. */
  #best(text: string): { cuts: Int32Array; ids: Int32Array } {
    const { vocabulary, scores } = this.#options
    const length = text.length
    const best = new Float64Array(length + 1).fill(Number.NEGATIVE_INFINITY)
    const from = new Int32Array(length + 1).fill(-1)
    const token = new Int32Array(length + 1).fill(-1)
    best[0] = 0
    for (let at = 0; at < length; ) {
      const character = text.codePointAt(at)! > 0xffff ? 2 : 1
      const limit = Math.min(length, at + (this.#longest.get(text.charCodeAt(at)) ?? 0))
      let hasSingle = false
      for (let end = at + 1; end <= limit; end++) {
        const id = vocabulary.ids.get(text.slice(at, end))
        if (id === undefined) continue
        if (end === at + character) hasSingle = true
        const score = best[at]! + scores[id]!
        if (from[end] === -1 || score > best[end]!) {
          best[end] = score
          from[end] = at
          token[end] = id
        }
      }
      const end = at + character
      if (!hasSingle && (from[end] === -1 || best[at]! + this.#unknownScore > best[end]!)) {
        best[end] = best[at]! + this.#unknownScore
        from[end] = at
        token[end] = -1
      }
      at = end
    }
    return traceBack(from, token, length)
  }
}

function traceBack(from: Int32Array, token: Int32Array, length: number): { cuts: Int32Array; ids: Int32Array } {
  let count = 0
  for (let at = length; at > 0; at = from[at]!) count++
  const cuts = new Int32Array(count + 1)
  const ids = new Int32Array(count)
  cuts[count] = length
  for (let at = length, i = count - 1; at > 0; at = from[at]!, i--) {
    cuts[i] = from[at]!
    ids[i] = token[at]!
  }
  return { cuts, ids }
}
