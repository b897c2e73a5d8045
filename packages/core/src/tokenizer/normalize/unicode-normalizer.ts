/** @file Unicode normal forms, lower case and removal of accents, cluster by cluster so that origins stay known. */
import { AlignedBuilder, type AlignedText, originOf, replaceAligned } from '../text/aligned-text.ts'

/**
 * Runs that normalisation never joins with what comes before: a character and its marks, or a Hangul syllable and the
 * jamo that may join it.
 */
const clusters = /[\u1100-\u115f\uac00-\ud7a3][\u1160-\u11ff]*\p{M}*|\P{M}\p{M}*|\p{M}+/gsu
const ascii = /^\p{ASCII}*$/u

/** A normal form of the text; a cluster that changes stands for its whole origin. */
export function normalizeUnicode(aligned: AlignedText, form: 'NFC' | 'NFD' | 'NFKC' | 'NFKD'): AlignedText {
  if (ascii.test(aligned.text) || aligned.text.normalize(form) === aligned.text) return aligned
  return replaceAligned(aligned, clusters, (cluster) => cluster.normalize(form))
}

/** Lower case, character by character and without regard to context. */
export function lowercase(aligned: AlignedText): AlignedText {
  const whole = aligned.text.toLowerCase()
  if (whole === aligned.text) return aligned
  // the usual case: every unit keeps its place, and no character depends on its neighbours
  if (whole.length === aligned.text.length && !aligned.text.includes('Σ')) return { ...aligned, text: whole }
  const builder = new AlignedBuilder()
  let at = 0
  for (const character of aligned.text) {
    const { start, end } = originOf(aligned, at, at + character.length)
    builder.push(character.toLowerCase(), start, end)
    at += character.length
  }
  return builder.build()
}

/** Takes away all combining marks. */
export function stripAccents(aligned: AlignedText): AlignedText {
  if (ascii.test(aligned.text)) return aligned
  return replaceAligned(aligned, /\p{M}+/gu, () => '')
}
