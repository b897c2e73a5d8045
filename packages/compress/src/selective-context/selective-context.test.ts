import type { Passage } from '@lc/model'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AdaptiveScorer, hashedWordTokenizer } from '../testing-kit/adaptive-scorer.ts'
import { hostileText } from '../testing-kit/arbitrary-text.ts'
import { checkOrder, checkResult } from '../testing-kit/check-result.ts'
import { compressBySelfInformation, selectiveContext } from './selective-context.ts'

function passage(text: string, id = 'a.txt'): Passage {
  return { id, text, source: { uri: id }, spans: [] }
}

const news =
  'The ship left the harbour at dawn. The ship left the harbour at dawn. Nobody knew about the leak in tank 7. ' +
  'The ship left the harbour at dawn.'

describe('what is dropped', () => {
  test.each(['word', 'sentence'] as const)('what was said before (%s)', async (unit) => {
    const result = await compressBySelfInformation([passage(news)], { scorer: new AdaptiveScorer(), budget: 28, unit })
    expect(result.method).toBe(`selective-context/${unit}`)
    expect(result.text).toContain('leak')
    expect(result.text).toContain('7')
    expect(result.text.match(/harbour/g)?.length ?? 0).toBeLessThan(3)
    expect(result.tokens).toBeLessThanOrEqual(28)
  })

  test.each(['token', 'phrase'] as const)('%s by %s, until the budget holds', async (unit) => {
    const result = await compressBySelfInformation([passage(news)], { scorer: new AdaptiveScorer(), budget: 28, unit })
    expect(result.text).toContain('7')
    expect(result.tokens).toBeGreaterThan(20)
    expect(result.tokens).toBeLessThanOrEqual(28)
  })

  test('with each sentence by itself, repetition is not known', async () => {
    const scorer = new AdaptiveScorer()
    const options = { scorer, budget: 28, unit: 'sentence' } as const
    const alone = await compressBySelfInformation([passage(news)], { ...options, context: 'sentence' })
    const scores = alone.units.map((unit) => unit.score!)
    expect(scores[0]).toBeCloseTo(scores[1]!, 9)
    const whole = await compressBySelfInformation([passage(news)], options)
    expect(whole.units[1]!.score).toBeLessThan(whole.units[0]!.score!)
  })
})

describe('mode percentile', () => {
  test('keeps the share of units that are most surprising, over all passages together', async () => {
    const options = { scorer: new AdaptiveScorer(), mode: 'percentile', unit: 'word', ratio: 0.5 } as const
    const result = await compressBySelfInformation([passage(news), passage('Rain fell.', 'b.txt')], options)
    const words = result.text.split(/\s+/).filter((word) => word !== '').length
    expect(Math.abs(words - 0.5 * 33)).toBeLessThanOrEqual(2)
    expect(result.text).toContain('Rain fell.')
    checkOrder(result)
  })

  test('a ratio of 1 keeps everything, also of an empty text', async () => {
    const options = { scorer: new AdaptiveScorer(), mode: 'percentile', ratio: 1 } as const
    expect((await compressBySelfInformation([passage(news)], options)).text).toBe(news)
    expect((await compressBySelfInformation([passage('')], options)).text).toBe('')
  })

  test.each([
    [{ mode: 'best' }, 'mode'],
    [{ mode: 'percentile', ratio: 2 }, 'ratio'],
    [{ unit: 'verb', budget: 3 }, 'unit'],
  ])('%o is refused', async (options, argument) => {
    const given = { scorer: new AdaptiveScorer(), ...options } as never
    await expect(compressBySelfInformation([], given)).rejects.toMatchObject({ argument })
  })
})

describe('protected text', () => {
  test('that does not fit is an error with the minimum, when it is required', async () => {
    const options = {
      scorer: new AdaptiveScorer(),
      budget: 3,
      protect: 'require',
      forcedPhrases: ['leak in tank 7'],
    } as const
    await expect(compressBySelfInformation([passage(news)], options)).rejects.toMatchObject({
      code: 'budget-too-small',
      budget: 3,
      minimum: expect.any(Number),
    })
  })

  test('is kept before anything else, when it is preferred', async () => {
    const options = { scorer: new AdaptiveScorer(), budget: 9, forcedPhrases: ['tank 7'] }
    const { text } = await compressBySelfInformation([passage(news)], options)
    expect(text).toContain('tank 7')
  })
})

test('long texts are read in overlapping windows, each token once', async () => {
  const scorer = new AdaptiveScorer(64)
  const text = Array.from({ length: 300 }, (_, index) => `word${index}`).join(' ')
  const result = await compressBySelfInformation([passage(text)], { scorer, budget: 100, unit: 'word' })
  expect(result.tokens).toBeLessThanOrEqual(100)
  expect(result.tokens).toBeGreaterThanOrEqual(97)
  // a quarter of each window is read twice
  expect(scorer.tokens).toBeLessThan(599 * 1.6)
})

test('the stage ignores the query and reports', async () => {
  const stage = selectiveContext({ scorer: new AdaptiveScorer(), budget: 20 })
  const { passages, reports } = await stage({ query: 'anything', passages: [passage(news)], reports: [] })
  expect(passages[0]!.text.length).toBeLessThan(news.length)
  expect(reports[0]).toMatchObject({ stage: 'selective-context', detail: { budget: 20 } })
})

test('for any text the budget holds, spans lead back, and nothing throws', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(hostileText, { minLength: 1, maxLength: 3 }),
      fc.nat(60),
      fc.constantFrom('token' as const, 'word' as const, 'phrase' as const, 'sentence' as const),
      async (texts, tokens, unit) => {
        const passages = texts.map((text, index) => passage(text, `p${index}`))
        const result = await compressBySelfInformation(passages, { scorer: new AdaptiveScorer(), budget: tokens, unit })
        checkResult(result, passages, { tokens, tokenizer: hashedWordTokenizer })
        checkOrder(result)
      },
    ),
    { numRuns: Number(process.env.FC_RUNS ?? 80) },
  )
})
