/** @file Which words of a chunk stay: those above a percentile of the chunk, every word counted by its tokens. */
import type { ResolvedOfficial2Options } from './official-options.ts'
import type { OfficialWord } from './official-words.ts'

export interface PercentileInput {
  values: readonly number[]
  /** 0 to 100. */
  percent: number
  /** Whether the numbers are of float32, as is then the arithmetic. */
  float32: boolean
}

/** A percentile by linear interpolation between neighbours, as NumPy computes it. */
export function percentile({ values, percent, float32 }: PercentileInput): number {
  const round = float32 ? Math.fround : (value: number): number => value
  const sorted = Float64Array.from(values).sort()
  const place = Math.min(sorted.length - 1, round((sorted.length - 1) * round(percent / 100)))
  const low = Math.floor(place)
  const share = round(place - low)
  const first = sorted[low]!
  const second = sorted[Math.min(sorted.length - 1, low + 1)]!
  const gap = round(second - first)
  return share >= 0.5 ? round(second - round(gap * round(1 - share))) : round(first + round(gap * share))
}

/** The words of a chunk that stay, in order. */
export function keepWords(
  given: readonly OfficialWord[],
  reduceRate: number,
  options: ResolvedOfficial2Options,
): string[] {
  if (given.length === 0) return []
  const words = options.dropConsecutive ? dropRepeated(given, reduceRate, options) : given
  const weighed = words.flatMap(({ text, probability }) =>
    Array.from({ length: options.tokenizer.count(text) }, () => probability),
  )
  if (weighed.length === 0) return []
  const float32 = !words.some(({ forced }) => forced)
  const threshold = percentile({ values: weighed, percent: Math.trunc(100 * reduceRate + 1), float32 })
  const kept: string[] = []
  for (const { text, probability } of words) {
    if (!(probability > threshold || (threshold === 1 && probability === threshold))) continue
    if (options.dropConsecutive && options.forcedTokens.includes(text) && kept.at(-1) === text) continue
    kept.push(text)
  }
  return kept
}

/** Takes the force off a repeated forced token with nothing kept in between. */
function dropRepeated(
  words: readonly OfficialWord[],
  reduceRate: number,
  { forcedTokens }: ResolvedOfficial2Options,
): OfficialWord[] {
  const threshold = percentile({
    values: words.map(({ probability }) => probability),
    percent: Math.trunc(100 * reduceRate),
    float32: !words.some(({ forced }) => forced),
  })
  let between = false
  let previous: string | undefined
  return words.map((word) => {
    if (!forcedTokens.includes(word.text)) {
      between ||= word.probability > threshold
      return word
    }
    const repeated = !between && word.text === previous
    between = false
    previous = word.text
    return repeated ? { ...word, probability: 0, forced: true } : word
  })
}
