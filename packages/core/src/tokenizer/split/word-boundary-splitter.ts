import { type AlignedText, sliceAligned } from '../text/aligned-text.ts'
import type { TokenizerDefinition } from '../tokenizer-definition.ts'
import type { PreTokenizer } from './build-splitter.ts'

/**
 * SentencePiece vocabularies split nothing before merging, so a whole text is one run. Where no token reaches across the
 * start of a word (a `▁` after something else) or mixes line breaks with other characters, cutting there changes nothing,
 * bounds the length of a run and lets words be remembered.
 */
export function wordBoundarySplitter(definition: TokenizerDefinition): PreTokenizer | undefined {
  const { model, addedTokens } = definition
  if (model.type !== 'BPE') return undefined
  const added = new Set(addedTokens.map((token) => token.content))
  let words = true
  let lines = true
  for (const token of model.vocabulary.tokens) {
    if (token === undefined || added.has(token)) continue
    if (words && /[^▁]▁/.test(token)) words = false
    if (lines && token.includes('\n') && /[^\n]/.test(token)) lines = false
    if (!words && !lines) return undefined
  }
  const pattern = words ? (lines ? /\n+|(?:▁+|^|(?<=\n))[^▁\n]*/g : /(?:▁+|^)[^▁]*/g) : /\n+|[^\n]+/g
  return { byteLevel: false, split: (piece) => cut(piece, pattern) }
}

function cut(piece: AlignedText, pattern: RegExp): AlignedText[] {
  const pieces: AlignedText[] = []
  for (const match of piece.text.matchAll(pattern))
    if (match[0] !== '') pieces.push(sliceAligned(piece, match.index, match.index + match[0].length))
  return pieces
}
