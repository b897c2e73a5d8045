import { type AlignedText, sliceAligned } from '../text/aligned-text.ts'
import type { TokenizerDefinition } from '../tokenizer-definition.ts'
import type { PreTokenizer } from './build-splitter.ts'

/**
 * SentencePiece vocabularies split nothing before merging, so a whole text is one run. Where no token reaches across the
 * start of a word (a `▁` after something else) or mixes line breaks with other characters, cutting there changes nothing,
 * bounds the length of a run and lets words be remembered.
 */
export function withWordBoundaries(
  preTokenizer: PreTokenizer | undefined,
  definition: TokenizerDefinition,
): PreTokenizer | undefined {
  const pattern = boundaryPattern(definition)
  if (!pattern) return preTokenizer
  const cut = cutter(pattern)
  return {
    byteLevel: false,
    split: (piece, first) => (preTokenizer ? preTokenizer.split(piece, first).flatMap(cut) : cut(piece)),
  }
}

function boundaryPattern({ model, addedTokens }: TokenizerDefinition): RegExp | undefined {
  if (model.type !== 'BPE') return undefined
  const added = new Set(addedTokens.map((token) => token.content))
  let words = true
  // a run of unknown line breaks could become one token together with its neighbours
  let lines = model.byteFallback || model.vocabulary.ids.has('\n')
  for (const token of model.vocabulary.tokens) {
    if (token === undefined || added.has(token)) continue
    if (words && /[^▁]▁/.test(token)) words = false
    if (lines && token.includes('\n') && /[^\n]/.test(token)) lines = false
    if (!words && !lines) return undefined
  }
  if (!words) return lines ? /\n+|[^\n]+/g : undefined
  return lines ? /\n+|(?:▁+|^|(?<=\n))[^▁\n]*/g : /(?:▁+|^)[^▁]*/g
}

function cutter(pattern: RegExp): (piece: AlignedText) => AlignedText[] {
  return (piece) => {
    const pieces: AlignedText[] = []
    for (const match of piece.text.matchAll(pattern))
      if (match[0] !== '') pieces.push(sliceAligned(piece, match.index, match.index + match[0].length))
    return pieces
  }
}
