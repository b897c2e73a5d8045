/** @file Between passages and the fine stage: words with their protection in, pieces with their rank out. */
import type { Passage } from '@lc/model'
import type { Piece } from '../compressor/compress-pieces.ts'
import { protectPieces } from '../prose/protection.ts'
import { wordSpans } from '../prose/words.ts'
import type { FinePassage, ValuedPieces } from './iterative-words.ts'
import type { ResolvedLlmLinguaOptions } from './options.ts'

/** The chosen passages, in the order in which they are read. */
export function finePassages(
  passages: readonly Passage[],
  chosen: readonly number[],
  ratios: ArrayLike<number>,
  options: ResolvedLlmLinguaOptions,
): FinePassage[] {
  return chosen.map((index, at) => {
    const { text } = passages[index]!
    return { index, text, pieces: protectPieces(text, wordSpans(text), options.protection), ratio: ratios[at]! }
  })
}

/** Added to the value of what its own segment kept: it comes before all that no segment kept. */
const keptBonus = 1e6

/** Pieces in which what the segments kept comes first; the rest fills what is left of the budget. */
export function toPieces(fine: readonly FinePassage[], valued: readonly ValuedPieces[]): Piece[] {
  return fine.flatMap(({ index, pieces }, at) => {
    const { values, kept } = valued[at]!
    return pieces.map((piece, number) => ({
      ...piece,
      passage: index,
      value: values[number]! + (kept[number] ? keptBonus : 0),
    }))
  })
}
