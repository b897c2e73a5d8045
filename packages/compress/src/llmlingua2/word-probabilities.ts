/**
 * @file The probability that a word is to be kept, from windows of the encoder that overlap: where two windows tell of one word,
 * the one in which it is further from the border counts more.
 */
import type { CallOptions, Span, TokenClassifier } from '@lc/model'
import { type Merge, mergeTokenValues } from '../score/text-nll.ts'

export interface WordProbabilitiesOptions extends CallOptions {
  /** The index of the label that means keep. */
  keep: number
  merge: Merge
  overlapTokens: number
}

interface Window {
  text: number
  /** Words of the text, `[from, to)`. */
  from: number
  to: number
}

/** Room that an encoder needs for the tokens it puts around a text. */
const specialTokens = 4

/** One probability for each word of each text; 0.5 where no window tells. All windows go in one call. */
export async function wordProbabilities(
  classifier: TokenClassifier,
  texts: readonly string[],
  words: readonly (readonly Span[])[],
  options: WordProbabilitiesOptions,
): Promise<Float64Array[]> {
  const windows = texts.flatMap((text, index) => windowsOf(classifier, text, words[index]!, index, options))
  const slices = windows.map(({ text, from, to }) =>
    texts[text]!.slice(words[text]![from]!.start, words[text]![to - 1]!.end),
  )
  const { signal, onProgress } = options
  const results = slices.length > 0 ? await classifier.classify(slices, { signal, onProgress }) : []
  const sums = words.map((each) => new Float64Array(each.length))
  const weights = words.map((each) => new Float64Array(each.length))
  windows.forEach(({ text, from, to }, index) => {
    const base = words[text]![from]!.start
    const own = words[text]!.slice(from, to).map(({ start, end }) => ({ start: start - base, end: end - base }))
    const { spans, logits } = results[index]!
    const values = keepProbabilities(logits, classifier.labels.length, options.keep)
    // what the encoder put around the text stands for no characters
    spans.forEach((span, token) => {
      if (span.end <= span.start) values[token] = Number.NaN
    })
    const merged = mergeTokenValues(slices[index]!, own, { spans, values }, options.merge)
    merged.forEach((value, at) => {
      if (Number.isNaN(value)) return
      const weight = 1 + Math.min(at, own.length - 1 - at)
      sums[text]![from + at]! += weight * value
      weights[text]![from + at]! += weight
    })
  })
  return sums.map((sum, text) => sum.map((value, at) => (weights[text]![at]! > 0 ? value / weights[text]![at]! : 0.5)))
}

/** Softmax of each row of logits, at one label. `[T]` */
function keepProbabilities(logits: Float32Array, labels: number, keep: number): Float64Array {
  return Float64Array.from({ length: logits.length / labels }, (_, token) => {
    let others = 0
    for (let label = 0; label < labels; label++)
      if (label !== keep) others += Math.exp(logits[token * labels + label]! - logits[token * labels + keep]!)
    return 1 / (1 + others)
  })
}

/** Runs of words that fit the encoder; neighbours share words of about `overlapTokens` tokens. */
function windowsOf(
  classifier: TokenClassifier,
  text: string,
  words: readonly Span[],
  index: number,
  { overlapTokens }: WordProbabilitiesOptions,
): Window[] {
  const room = Math.max(8, (classifier.contextLength ?? 512) - specialTokens)
  const sizes = tokensOfWords(classifier, text, words)
  const windows: Window[] = []
  let from = 0
  while (from < words.length) {
    let to = from
    let tokens = 0
    while (to < words.length && (to === from || tokens + sizes[to]! <= room)) tokens += sizes[to++]!
    windows.push({ text: index, from, to })
    if (to >= words.length) break
    let next = to
    let shared = 0
    while (next - 1 > from && shared + sizes[next - 1]! <= Math.min(overlapTokens, room / 2)) shared += sizes[--next]!
    from = next
  }
  return windows
}

function tokensOfWords({ tokenizer }: TokenClassifier, text: string, words: readonly Span[]): Uint32Array {
  const sizes = new Uint32Array(words.length)
  let word = 0
  for (const { start } of tokenizer.encode(text).spans) {
    while (word + 1 < words.length && words[word]!.end <= start) word++
    if (words.length > 0) sizes[word]!++
  }
  return sizes
}
