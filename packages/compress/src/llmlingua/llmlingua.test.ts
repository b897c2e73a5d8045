import type { Passage } from '@lc/model'
import { BigramModel } from '@lc/model/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { wordSpans } from '../prose/words.ts'
import { AdaptiveScorer, hashedWordTokenizer } from '../testing-kit/adaptive-scorer.ts'
import { hostileText } from '../testing-kit/arbitrary-text.ts'
import { checkOrder, checkResult } from '../testing-kit/check-result.ts'
import { choosePassages, dynamicRatios } from './budget-controller.ts'
import { valueWords } from './iterative-words.ts'
import { compressBySurprise, llmLingua } from './llmlingua.ts'
import { compressForQuestion, longLlmLingua } from './longllmlingua.ts'
import { resolveLlmLinguaOptions } from './options.ts'
import { recoverQuotes } from './recover.ts'
import { orderPassages } from './reorder.ts'

function passage(text: string, id = 'a.txt'): Passage {
  return { id, text, source: { uri: id }, spans: [] }
}

const dull = 'it is so and it is so and it is so and it is so and it is so and it is so. '
const tower = 'The lighthouse of Vorland was built by Ada Karlsen in 1852 from red granite.'
const river = 'The river Selm freezes every winter and floods the fields of barley each spring.'
const market = 'Traders sell copper pots and woollen coats on the square beside the old mill.'

describe('LLMLingua', () => {
  test('drops passages that surprise least, then words that surprise least', async () => {
    const passages = [passage(dull.repeat(4), 'dull'), passage(tower, 'tower')]
    const result = await compressBySurprise(passages, { scorer: new AdaptiveScorer(), budget: 16, granularity: 1 })
    expect(result.passages.map((each) => each.id)).toEqual(['tower'])
    expect(result.text).toContain('1852')
  })

  test('compresses the end of the text like the beginning', async () => {
    const text = Array.from({ length: 600 }, (_, index) => `w${index % 97}`).join(' ')
    const result = await compressBySurprise([passage(text)], {
      scorer: new AdaptiveScorer(),
      budget: 600,
      protectedKinds: [],
    })
    const shares = [0, 1, 2, 3].map((quarter) => {
      const from = (text.length * quarter) / 4
      const to = (text.length * (quarter + 1)) / 4
      const kept = result.spans.reduce(
        (sum, { source }) => sum + Math.max(0, Math.min(to, source.end) - Math.max(from, source.start)),
        0,
      )
      return kept / (to - from)
    })
    for (const share of shares) expect(Math.abs(share - 0.5)).toBeLessThan(0.15)
  })

  test.each([0.5, 0.33, 0.2])('reaches a ratio of %f within one percent', async (ratio) => {
    const text = Array.from({ length: 40 }, (_, index) => [tower, river, market, dull][index % 4]).join(' ')
    const all = hashedWordTokenizer.count(text)
    const budget = Math.floor(all * ratio)
    const { tokens } = await compressBySurprise([passage(text)], { scorer: new AdaptiveScorer(), budget })
    expect(tokens).toBeLessThanOrEqual(budget)
    expect(tokens / budget).toBeGreaterThan(0.99)
  })

  test('gives the same with a scorer that keeps the cache of a prefix as with one that does not', async () => {
    const model = new BigramModel([tower, river, market, dull].join('\n'))
    const withoutPrepare = {
      tokenizer: model.tokenizer,
      contextLength: model.contextLength,
      score: model.score.bind(model),
    }
    const passages = [passage([tower, river, market].join(' ').repeat(6))]
    const options = { budget: 80, segmentTokens: 30 }
    const prepared = await compressBySurprise(passages, { ...options, scorer: model })
    const plain = await compressBySurprise(passages, { ...options, scorer: withoutPrepare })
    expect(prepared.text).toBe(plain.text)
  })

  test('settles with the next segment what one keeps too little', async () => {
    // segments of ten words, of which 2.4 are wanted
    const text = Array.from({ length: 200 }, (_, index) => `w${index}\n`).join('')
    const options = resolveLlmLinguaOptions({ scorer: new AdaptiveScorer(), budget: 1, segmentTokens: 20 })
    const pieces = wordSpans(text).map((span) => ({ ...span, protection: 0 }))
    const passages = [{ index: 0, text, pieces, ratio: 0.24 }]
    const [valued] = await valueWords({ passages, question: new Uint32Array() }, options)
    const share = valued!.kept.reduce((sum, each) => sum + each, 0) / pieces.length
    expect(Math.abs(share - 0.24)).toBeLessThan(0.01)
  })

  test('works beyond the context of the scorer', async () => {
    const text = [tower, river, market].join(' ').repeat(30)
    const scorer = new AdaptiveScorer(128)
    const result = await compressBySurprise([passage(text)], { scorer, budget: 300, segmentTokens: 32 })
    expect(result.tokens).toBeLessThanOrEqual(300)
    expect(result.tokens).toBeGreaterThan(295)
  })

  test('as a stage', async () => {
    const stage = llmLingua({ scorer: new AdaptiveScorer(), budget: 15 })
    const { passages, reports } = await stage({ passages: [passage(tower)], reports: [] })
    expect(hashedWordTokenizer.count(passages[0]!.text)).toBeLessThanOrEqual(15)
    expect(reports[0]?.stage).toBe('llmlingua')
  })
})

describe('LongLLMLingua', () => {
  const passages = [passage(river, 'river'), passage(market, 'market'), passage(tower, 'tower'), passage(dull, 'dull')]
  const query = 'Who built the lighthouse of Vorland?'

  test('puts the passage that answers first and keeps most of it', async () => {
    const result = await compressForQuestion(passages, { scorer: new AdaptiveScorer(), budget: 30, query })
    expect(result.passages[0]!.id).toBe('tower')
    expect(result.text).toMatch(/^The lighthouse of Vorland/)
    for (const { output, passageId, source } of result.spans)
      expect(result.text.slice(output.start, output.end)).toBe(
        passages.find(({ id }) => id === passageId)!.text.slice(source.start, source.end),
      )
  })

  test('can leave the order alone', async () => {
    const options = { scorer: new AdaptiveScorer(), budget: 60, query, order: 'original' } as const
    const ids = (await compressForQuestion(passages, options)).passages.map((each) => each.id)
    expect(ids).toEqual(passages.map((each) => each.id).filter((id) => ids.includes(id)))
  })

  test('without a question it is LLMLingua in the order given', async () => {
    const result = await compressForQuestion(passages, { scorer: new AdaptiveScorer(), budget: 40 })
    checkOrder(result)
    expect(result.passages.map((each) => each.id)).toEqual(
      ['river', 'market', 'tower', 'dull'].filter((id) => result.passages.some((each) => each.id === id)),
    )
  })

  test('a question longer than the context is cut, and the result says so', async () => {
    const result = await compressForQuestion(passages, {
      scorer: new AdaptiveScorer(96),
      budget: 30,
      segmentTokens: 16,
      query: query.repeat(40),
    })
    expect(result.warnings[0]).toContain('the question has')
  })

  test('as a stage', async () => {
    const stage = longLlmLingua({ scorer: new AdaptiveScorer(), budget: 30 })
    const state = await stage({ query, passages, reports: [] })
    expect(state.passages[0]!.id).toBe('tower')
  })
})

describe('the coarse stage', () => {
  test('takes passages by rank until the room is used up, the last one whole', () => {
    expect(choosePassages([2, 0, 1], [10, 50, 30], 35)).toEqual([2, 0])
    expect(choosePassages([2, 0, 1], [10, 50, 30], 30)).toEqual([2])
    expect(choosePassages([], [], 30)).toEqual([])
  })

  test('ratios fall with rank and meet the target, also when some are clamped', () => {
    const plain = dynamicRatios({ tokens: [100, 100, 100], target: 150, spread: 0.3 })
    expect(Array.from(plain, (ratio) => Number(ratio.toFixed(6)))).toEqual([0.8, 0.5, 0.2])
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 12 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (tokens, share, spread) => {
          const target = share * tokens.reduce((sum, each) => sum + each, 0)
          const ratios = dynamicRatios({ tokens, target, spread })
          const kept = tokens.reduce((sum, each, rank) => sum + each * ratios[rank]!, 0)
          expect(kept).toBeCloseTo(target, 4)
          for (const [rank, ratio] of ratios.entries())
            if (rank > 0) expect(ratio).toBeLessThanOrEqual(ratios[rank - 1]! + 1e-9)
        },
      ),
    )
  })

  test.each([
    ['relevance', [3, 1, 0, 2]],
    ['original', [0, 1, 2, 3]],
    ['both-ends', [3, 0, 2, 1]],
  ] as const)('order %s', (order, expected) => {
    expect(orderPassages([3, 1, 0, 2], order)).toEqual(expected)
  })
})

describe('quotes in an answer', () => {
  test('get back what was left out between their words', async () => {
    const result = await compressBySurprise([passage(tower)], {
      scorer: new AdaptiveScorer(),
      budget: 22,
      protectedKinds: [],
    })
    expect(result.text).not.toBe(tower)
    const recovered = recoverQuotes(result, `It says: ${result.text.trim()}`)
    expect(recovered.startsWith('It says: ')).toBe(true)
    const quote = recovered.slice('It says: '.length)
    expect(tower).toContain(quote)
    expect(quote.length).toBeGreaterThan(result.text.trim().length)
  })

  test('words of the answer itself stay as they are', async () => {
    const result = await compressBySurprise([passage(tower)], { scorer: new AdaptiveScorer(), budget: 22 })
    expect(recoverQuotes(result, 'nothing of this  was said')).toBe('nothing of this  was said')
    expect(recoverQuotes(result, '')).toBe('')
  })
})

test('for any text the budget holds, spans lead back, and nothing throws', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(hostileText, { minLength: 1, maxLength: 4 }),
      fc.nat(60),
      fc.constantFrom('', 'alpha', '🙂 界面?'),
      fc.constantFrom('kept' as const, 'original' as const),
      async (texts, tokens, query, prefix) => {
        const passages = texts.map((text, index) => passage(text, `p${index}`))
        const options = { scorer: new AdaptiveScorer(256), budget: tokens, prefix, segmentTokens: 24 }
        const budget = { tokens, tokenizer: hashedWordTokenizer }
        const plain = await compressBySurprise(passages, options)
        checkResult(plain, passages, budget)
        checkOrder(plain)
        checkResult(await compressForQuestion(passages, { ...options, query }), passages, budget)
      },
    ),
    { numRuns: Number(process.env.FC_RUNS ?? 60) },
  )
})
