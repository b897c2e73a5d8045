/** @file Between passages and the fine stage: words with their protection in, pieces with their rank out. */
import type { Passage } from '@lc/model'
import type { Piece } from '../compressor/piece.ts'
import { protectionRank } from '../prose/protected-spans.ts'
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

/**
 * Passages that were dropped whole, behind all others: their words fill what nothing else can fill. Of their protected text all
 * counts where it must stay, else forced phrases alone: what is protected only by preference goes with its passage.
 */
export function piecesOfDropped(
  passages: readonly Passage[],
  dropped: readonly number[],
  { protection }: ResolvedLlmLinguaOptions,
): Piece[] {
  const least = protection.protect === 'require' ? 1 : protectionRank('phrases')
  return dropped.flatMap((passage) => {
    const { text } = passages[passage]!
    return protectPieces(text, wordSpans(text), protection).map((piece) => ({
      ...piece,
      passage,
      value: Number.NaN,
      tier: -1,
      protection: piece.protection >= least ? piece.protection : 0,
    }))
  })
}

/** Pieces in which what the segments kept comes first; the rest fills what is left of the budget. */
export function toPieces(fine: readonly FinePassage[], valued: readonly ValuedPieces[]): Piece[] {
  return fine.flatMap(({ index, pieces }, at) => {
    const { values, kept } = valued[at]!
    return pieces.map((piece, number) => ({ ...piece, passage: index, value: values[number]!, tier: kept[number]! }))
  })
}
