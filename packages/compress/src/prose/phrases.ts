/**
 * @file Phrases by our own rules, where the official Selective Context takes noun chunks from a parser: a phrase is a run of
 * function words and the run of content words after it; punctuation ends it. So articles and prepositions go with their nouns.
 */
import type { Span } from '@lc/model'
import { wordSpans } from './words.ts'

const functionWords = new Set(
  (
    'a an the this that these those of in on at by for from with without to into onto over under between among through ' +
    'during before after about against as and or but nor so yet if when while because although than then not no is are ' +
    'was were be been being am do does did has have had having will would can could may might must shall should i you he ' +
    'she it we they me him her us them my your his its our their who whom whose which what where how why there here'
  ).split(' '),
)

/** Phrases that partition a text. */
export function phraseSpans(text: string): Span[] {
  const phrases: Span[] = []
  let sawContent = false
  let ended = true
  for (const span of wordSpans(text)) {
    const word = text.slice(span.start, span.end).trim()
    const isFunction = functionWords.has(word.toLowerCase().replace(/[^\p{L}]/gu, ''))
    if (ended || (isFunction && sawContent)) {
      phrases.push({ ...span })
      sawContent = false
    } else phrases.at(-1)!.end = span.end
    sawContent ||= !isFunction
    ended = /[.,;:!?)\]}\u3002\uff0c\u3001]["'\u201d\u2019]*$/.test(word)
  }
  return phrases
}
