import type { LocalModel } from '@lc/core'
import { checkArgument } from '@lc/model/check'

/** A text that hides passkeys, a question for them, and the answer, as token ids. */
export interface PasskeySample {
  readonly context: readonly number[]
  readonly question: readonly number[]
  readonly answer: readonly number[]
}

/** What a sample is made of. */
export interface PasskeySampleOptions {
  /** Tokens of the context, about. */
  readonly tokens: number
  readonly passkeys: number
  readonly random: () => number
  readonly haystack?: string
}

// the spelling alphabet of radio
const words =
  'alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november oscar papa quebec romeo sierra tango uniform victor whiskey xray yankee zulu'.split(
    ' ',
  )
const names = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth', 'ninth', 'tenth']
const wordsPerKey = 6

const plainSentences = `The river runs past the old mill and under two bridges. A baker opens the shop before the sun is up. Children
walk to school along the canal. In the afternoon the market is full of people who look for fruit and bread. Some of the houses have blue
doors, and some have green ones. When it rains the streets are empty. In the evening the lamps are lit one after the other. `

/** A passkey sample: keys of spelling words at random depths between sentences; all of them are asked for, in order. */
export function passkeySample(
  tokenizer: Pick<LocalModel['tokenizer'], 'encode'>,
  { tokens, passkeys, random, haystack = plainSentences }: PasskeySampleOptions,
): PasskeySample {
  checkArgument(passkeys <= names.length, 'passkeys', passkeys, `at most ${names.length}`)
  const sentences = haystack.replace(/\s+/g, ' ').match(/[^.!?]+[.!?]*\s?/g) ?? []
  checkArgument(haystack.trim() !== '' && sentences.length > 0, 'haystack', haystack, 'a text')
  const keys = Array.from({ length: passkeys }, () =>
    Array.from({ length: wordsPerKey }, () => words[Math.floor(random() * words.length)]!).join(' '),
  )
  const notes = keys.map((key, index) => `Remember this: the ${names[index]} passkey is ${key}. `)
  const ids = (text: string): number[] => [...tokenizer.encode(text).ids]
  const spent = notes.reduce((sum, note) => sum + ids(note).length, 0)
  const filler: string[] = []
  for (let index = 0, length = spent; length < tokens; index++) {
    const sentence = `${sentences[index % sentences.length]!.trim()} `
    filler.push(sentence)
    length += ids(sentence).length
  }
  // from the first twentieth to the last, in order
  const depths = notes.map(() => 0.05 + 0.9 * random()).sort((left, right) => left - right)
  for (const [index, note] of [...notes.entries()].reverse())
    filler.splice(Math.floor(depths[index]! * filler.length), 0, note)
  const asked = passkeys === 1 ? 'The first passkey is' : 'The passkeys, in order, are:'
  return {
    context: ids(filler.join('')),
    question: ids(`What did you have to remember? ${asked}`),
    answer: ids(` ${keys.join(', ')}`),
  }
}
