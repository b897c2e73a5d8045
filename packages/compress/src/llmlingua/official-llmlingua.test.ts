/** @file The released program's ways on small inputs; its own output is held to in tests/llmlingua.model.test.ts. */
import { BigramModel } from '@lc/model/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hostileText } from '../testing-kit/arbitrary-text.ts'
import { officialLlmLingua } from './official-llmlingua.ts'
import { readParts } from './official-structure.ts'
import { plainWindows } from './official-windows.ts'

const river = 'The river Selm freezes every winter and floods the fields of barley each spring. '
const tower = 'The lighthouse of Vorland was built by Ada Karlsen in 1852 from red granite. '
const scorer = new BigramModel(`${river}\n${tower}`)

describe('officialLlmLingua', () => {
  test('leaves a text shorter than a window nearly as it is, as issue 196 of the program says', async () => {
    const { text } = await officialLlmLingua([river], { scorer, rate: 0.3, segmentTokens: 200 })
    expect(text.length).toBeGreaterThan(river.length - 4)
  })

  test('never drops what does not fill a window', async () => {
    const whole = (river + tower).repeat(4)
    const { text, tokens, originalTokens } = await officialLlmLingua([whole], { scorer, rate: 0.4, segmentTokens: 50 })
    expect(tokens).toBeLessThan(originalTokens)
    expect(whole.endsWith(text.slice(-10))).toBe(true)
  })

  test('gives the same without a cache of prefixes', async () => {
    const { tokenizer, contextLength } = scorer
    const plain = { tokenizer, contextLength, score: scorer.score.bind(scorer) }
    const options = {
      rate: 0.5,
      segmentTokens: 40,
      question: 'Who built it?',
      ranking: 'longllmlingua',
      contrast: true,
    } as const
    const contexts = [river.repeat(3), tower.repeat(3)]
    const cached = await officialLlmLingua(contexts, { ...options, scorer })
    expect((await officialLlmLingua(contexts, { ...options, scorer: plain })).text).toBe(cached.text)
  })

  test('needs a question to rank by it', async () => {
    await expect(officialLlmLingua([river], { scorer, ranking: 'longllmlingua' })).rejects.toThrow(/question/)
  })

  test('throws nothing but typed errors for any text', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(hostileText, { maxLength: 3 }),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        async (contexts, filterSentences, contrast, keepSplit) => {
          const question = contrast ? 'what is it?' : ''
          const ranking = contrast ? 'longllmlingua' : 'llmlingua'
          await officialLlmLingua(contexts, {
            scorer,
            question,
            ranking,
            contrast,
            filterSentences,
            keepSplit,
            segmentTokens: 20,
          }).catch((error) => expect(error.code).toMatch(/invalid-argument|context-length/))
        },
      ),
      { numRuns: Number(process.env.FC_RUNS ?? 60) },
    )
  })
})

test('tags take their attributes in any order, and text outside of them is lost', () => {
  expect(readParts('<llmlingua, compress=False>A:</llmlingua>lost<llmlingua, rate=0.4> b</llmlingua>', 0.7)).toEqual([
    { text: 'A:', rate: 1, compress: false },
    { text: ' b', rate: 0.4, compress: true },
  ])
  expect(readParts('plain', 0.7)).toEqual([{ text: 'plain', rate: 0.7, compress: true }])
})

test('windows run over contexts, the first one token short', () => {
  const windows = plainWindows({ lengths: [150, 330], target: 240, offsets: [0.1, -0.1], size: 200 })
  const share = 240 / 481
  expect(windows).toEqual([
    [
      { tokens: 150, rate: share + 0.1 },
      { tokens: 49, rate: share - 0.1 },
    ],
    [{ tokens: 200, rate: share - 0.1 }],
    [{ tokens: 81, rate: share - 0.1 }],
  ])
})
