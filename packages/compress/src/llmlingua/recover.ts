/**
 * @file Brings the words that compression left out back into an answer that quotes the compressed text (LongLLMLingua, section
 * 4.4). Exact where the released program searches: the result knows which original text each kept character came from.
 */
import { checkInteger } from '@lc/model/check'
import type { CompressionResult, KeptSpan } from '../compressor/compression-result.ts'

/** Options of `recoverQuotes`. */
export interface RecoverOptions {
  /** A quote of fewer words is left as it is. Defaults to 2. */
  fewestWords?: number | undefined
  /** A quote is not widened over a gap of more characters of the original. Defaults to 80. */
  largestGap?: number | undefined
}

const wordAndSpace = /\S+|\s+/g

/** The response with each run of words that the compressed text has replaced by the original text from its first to its last word. */
export function recoverQuotes(result: CompressionResult, response: string, options: RecoverOptions = {}): string {
  const fewestWords = checkInteger(options.fewestWords ?? 2, 'fewestWords', { min: 1 })
  const largestGap = checkInteger(options.largestGap ?? 80, 'largestGap', { min: 0 })
  const parts = response.match(wordAndSpace) ?? []
  let recovered = ''
  for (let at = 0; at < parts.length; ) {
    const run = longestRun(result.text, parts, at)
    const original = run && run.words >= fewestWords ? originalOf(result, run, largestGap) : undefined
    recovered += original ?? parts.slice(at, Math.max(run?.end ?? 0, at + 1)).join('')
    at = Math.max(run?.end ?? 0, at + 1)
  }
  return recovered
}

interface Run {
  /** After the last part of the run. */
  end: number
  words: number
  /** In the compressed text. */
  start: number
  length: number
}

/** The longest run of parts from `first` that occurs in the text and begins and ends with a word. */
function longestRun(text: string, parts: readonly string[], first: number): Run | undefined {
  if (/^\s/.test(parts[first]!)) return undefined
  let found: Run | undefined
  let quote = ''
  let words = 0
  for (let at = first; at < parts.length; at++) {
    quote += parts[at]!
    if (/^\s/.test(parts[at]!)) continue
    const start = text.indexOf(quote)
    if (start < 0) break
    found = { end: at + 1, words: ++words, start, length: quote.length }
  }
  return found
}

function originalOf(result: CompressionResult, { start, length }: Run, largestGap: number): string | undefined {
  const touched = result.spans.filter((span) => span.output.start < start + length && span.output.end > start)
  const first = touched[0]
  const last = touched.at(-1)
  if (!first || !last || touched.some((span) => span.passageId !== first.passageId)) return undefined
  for (let at = 1; at < touched.length; at++)
    if (touched[at]!.source.start - touched[at - 1]!.source.end > largestGap) return undefined
  const from = sourceOffset(first, Math.max(start, first.output.start))
  const to = sourceOffset(last, Math.min(start + length, last.output.end))
  return result.expand(first.passageId).slice(from, to)
}

function sourceOffset({ output, source }: KeptSpan, offset: number): number {
  return source.start + offset - output.start
}
