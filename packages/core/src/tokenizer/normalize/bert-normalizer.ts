/** @file The text cleaning of BERT: control characters, white space, ideographs, accents, case, in this order. */
import { type AlignedText, replaceAligned } from '../text/aligned-text.ts'
import { lowercase, normalizeUnicode } from './unicode-normalizer.ts'

export interface BertNormalizerOptions {
  readonly cleanText: boolean
  readonly spaceIdeographs: boolean
  readonly stripAccents: boolean
  readonly lowercase: boolean
}

/** The blocks that BERT spaces out as single characters. */
const ideographs =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu
const control = /\ufffd|(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu
const whiteSpace = /[\t\n\r]|\p{White_Space}/gu

/** Applies the steps that are switched on. */
export function normalizeBert(text: AlignedText, options: BertNormalizerOptions): AlignedText {
  let current = text
  if (options.cleanText) {
    current = replaceAligned(current, control, () => '')
    // one unit for one unit: every origin stays where it is
    current = { ...current, text: current.text.replace(whiteSpace, ' ') }
  }
  if (options.spaceIdeographs) current = replaceAligned(current, ideographs, (character) => ` ${character} `)
  if (options.stripAccents) current = replaceAligned(normalizeUnicode(current, 'NFD'), /\p{Mn}+/gu, () => '')
  return options.lowercase ? lowercase(current) : current
}
