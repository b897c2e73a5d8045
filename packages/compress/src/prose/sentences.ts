/** @file Sentences by rules: end marks of many scripts, with the usual exceptions of English text. */

// an end mark with closing quotes and brackets, then white space; or one of a script that writes none
const endMark =
  /[.!?\u2026]+["'\u2019\u201d)\]]*(?=\s)|[\u3002\uff01\uff1f\u06d4\u061f\u0964]["'\u300d\u300f\uff09]*|\n[ \t]*\n/g
const abbreviation =
  /(?:^|[\s(])(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|vs|etc|e\.g|i\.e|cf|al|Fig|Figs|Eq|No|Nos|Vol|pp|approx|Inc|Ltd|Co|U\.S|U\.K|a\.m|p\.m)\.$/

/** The offsets at which sentences begin, the first 0. White space after a sentence belongs to it; blank lines end one. */
export function sentenceStarts(text: string): number[] {
  if (text === '') return []
  const starts = [0]
  for (const match of text.matchAll(endMark)) {
    const end = match.index + match[0].length
    if (match[0] === '.' && abbreviation.test(text.slice(Math.max(0, end - 12), end))) continue
    let next = end
    while (next < text.length && /\s/.test(text[next]!)) next++
    if (next < text.length && next > starts.at(-1)!) starts.push(next)
  }
  return starts
}
