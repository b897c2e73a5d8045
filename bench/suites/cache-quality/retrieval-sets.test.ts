import { describe, expect, test } from 'vitest'
import { keyValueContext, passkeyContext } from './retrieval-sets.ts'

/** A character is a token. */
const tokenizer = {
  encode: (text: string) => ({ ids: Uint32Array.from(text, (letter) => letter.charCodeAt(0)) }),
} as never
const decode = (ids: Uint32Array): string => String.fromCharCode(...ids)
const text = Array.from({ length: 400 }, (_, index) => `This is sentence ${index}. `).join('')
const options = { tokenizer, length: 3000, questions: 4, seed: 7 }

describe.each([
  ['passkey', passkeyContext],
  ['key-value', keyValueContext],
] as const)('%s', (set, make) => {
  const made = make(text, 'sentences', options)
  const context = decode(made.context)

  test('fits its length and uses most of it', () => {
    expect(made.set).toBe(set)
    expect(made.context.length).toBeLessThanOrEqual(options.length)
    expect(made.context.length).toBeGreaterThan(options.length - 40)
  })

  test('every answer is in the context, and none in its question', () => {
    expect(made.questions).toHaveLength(4)
    for (const { ask, answer } of made.questions) {
      expect(context).toContain(decode(answer))
      expect(decode(ask)).not.toContain(decode(answer))
    }
  })

  test('facts lie apart, the first not at the start and the last not at the end', () => {
    const places = made.questions.map(({ answer }) => context.indexOf(decode(answer)) / context.length)
    expect(places[0]).toBeGreaterThan(0.05)
    expect(places.at(-1)).toBeLessThan(0.95)
    for (let index = 1; index < places.length; index++) expect(places[index]! - places[index - 1]!).toBeGreaterThan(0.1)
  })

  test('the text goes on where the context ends', () => {
    const last = context.match(/sentence (\d+)\. (?:\n|$)/g)!.at(-1)!
    const next = Number(/\d+/.exec(last)![0]) + 1
    expect(decode(made.following)).toMatch(new RegExp(`^This is sentence ${next}\\.`))
  })

  test('a seed gives the same again, another one other facts', () => {
    expect(make(text, 'sentences', options)).toEqual(made)
    expect(make(text, 'sentences', { ...options, seed: 8 }).context).not.toEqual(made.context)
  })
})
