import { sentenceStarts } from './sentences.ts'

/** Starts of sentences and of lines, as far as a line begins a sentence, a record or a turn. */
export function unitStarts(text: string): number[] {
  const starts = new Set(sentenceStarts(text))
  for (const match of text.matchAll(/\n+(?=[^\n])/g)) starts.add(match.index + match[0].length)
  if (text !== '') starts.add(0)
  return [...starts].sort((a, b) => a - b)
}
