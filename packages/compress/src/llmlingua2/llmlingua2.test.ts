import type { Passage, TokenClassification, TokenClassifier } from '@lc/model'
import { wordListClassifier } from '@lc/model/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { wordSpans } from '../prose/words.ts'
import { hashedWordTokenizer } from '../testing-kit/adaptive-scorer.ts'
import { hostileText } from '../testing-kit/arbitrary-text.ts'
import { checkOrder, checkResult } from '../testing-kit/check-result.ts'
import { compressByClassifier, llmLingua2 } from './llmlingua2.ts'
import { wordProbabilities } from './word-probabilities.ts'

function passage(text: string, id = 'a.txt'): Passage {
  return { id, text, source: { uri: id }, spans: [] }
}

/** A classifier over words and single characters: keeps what is long, is surer in the middle of its window. */
function lengthClassifier(contextLength?: number): TokenClassifier & { windows: string[] } {
  const windows: string[] = []
  return {
    windows,
    tokenizer: hashedWordTokenizer,
    labels: ['LABEL_0', 'LABEL_1'],
    ...(contextLength === undefined ? {} : { contextLength }),
    async classify(texts) {
      return texts.map((text): TokenClassification => {
        windows.push(text as string)
        const { ids, spans } = hashedWordTokenizer.encode(text as string)
        const logits = new Float32Array(ids.length * 2)
        spans.forEach(({ start, end }, token) => {
          logits[2 * token + 1] = end - start - 3
        })
        return { ids, spans, logits }
      })
    },
  }
}

const filler = ['um', 'well', 'so', 'like', 'the', 'and']
const meeting = 'So um the motion well passed and the council like adjourned so the vote was final.'

describe('what is kept', () => {
  test('words that the classifier wants, white space between neighbours as it was', async () => {
    const classifier = wordListClassifier(filler)
    const budget = { tokens: 18, tokenizer: hashedWordTokenizer }
    const result = await compressByClassifier([passage(meeting)], { classifier, budget })
    expect(result.text).toContain('motion')
    expect(result.text).toContain('vote was final.')
    expect(result.text).not.toMatch(/\bum\b|\blike\b/)
  })

  test('one threshold holds for all of the text: a dull half gives its room to the other', async () => {
    const dull = 'um so um so um so um so '.repeat(4)
    const classifier = lengthClassifier()
    const texts = [passage(dull, 'dull'), passage('parliament dissolved yesterday evening unexpectedly', 'news')]
    const result = await compressByClassifier(texts, { classifier, budget: 10 })
    expect(result.passages.map((each) => each.id)).toEqual(['news'])
  })

  test('with a query weight, sentences that share its words come first', async () => {
    const text = 'Everything mentioned previously. The vat is red. Considerable considerations considered.'
    const options = { classifier: lengthClassifier(), budget: 9, query: 'which vat' }
    expect((await compressByClassifier([passage(text)], options)).text).not.toContain('vat')
    expect((await compressByClassifier([passage(text)], { ...options, queryWeight: 20 })).text).toContain('vat')
  })

  test('the keep label is found by name, or given', async () => {
    const classifier = { ...lengthClassifier(), labels: ['keep', 'drop'] }
    const text = 'a considerable consideration is it'
    const kept = await compressByClassifier([passage(text)], { classifier, budget: 5 })
    expect(kept.text).not.toContain('considerable')
    const turned = await compressByClassifier([passage(text)], { classifier, budget: 5, keepLabel: 'drop' })
    expect(turned.text).toContain('considerable')
    await expect(compressByClassifier([], { classifier, budget: 5, keepLabel: 'maybe' })).rejects.toMatchObject({
      argument: 'keepLabel',
    })
  })

  test('as a stage', async () => {
    const stage = llmLingua2({ classifier: lengthClassifier(), budget: 10 })
    const { passages, reports } = await stage({ passages: [passage(meeting)], reports: [] })
    expect(hashedWordTokenizer.count(passages[0]!.text)).toBeLessThanOrEqual(10)
    expect(reports[0]?.stage).toBe('llmlingua2')
  })
})

describe('windows', () => {
  const text = Array.from({ length: 200 }, (_, index) => `w${index}`).join(' ')
  const options = { keep: 1, merge: 'mean', overlapTokens: 16 } as const

  test('fit the encoder, overlap, and go in one call', async () => {
    const classifier = lengthClassifier(64)
    let calls = 0
    const counted: TokenClassifier = {
      ...classifier,
      classify: (texts) => {
        calls++
        return classifier.classify(texts)
      },
    }
    const words = wordSpans(text)
    const [probabilities] = await wordProbabilities(counted, [text], [words], options)
    expect(calls).toBe(1)
    expect(probabilities).toHaveLength(words.length)
    for (const window of classifier.windows) expect(hashedWordTokenizer.count(window)).toBeLessThanOrEqual(60)
    for (const [index, window] of classifier.windows.entries())
      if (index > 0) expect(classifier.windows[index - 1]).toContain(window.slice(0, 10))
  })

  test('give the same as one window where the classifier does not look around', async () => {
    const words = wordSpans(text)
    const [one] = await wordProbabilities(
      lengthClassifier(),
      [text.slice(0, 300)],
      [wordSpans(text.slice(0, 300))],
      options,
    )
    const [many] = await wordProbabilities(lengthClassifier(48), [text], [words], options)
    for (let index = 0; index < one!.length - 1; index++) expect(many![index]).toBeCloseTo(one![index]!, 6)
  })

  test('the middle of a window counts more than its border', async () => {
    // says 0.9 in the first window and 0.1 in the second
    const classifier: TokenClassifier = {
      tokenizer: hashedWordTokenizer,
      labels: ['0', '1'],
      contextLength: 24,
      async classify(texts) {
        return texts.map((slice, window) => {
          const { ids, spans } = hashedWordTokenizer.encode(slice as string)
          const logits = Float32Array.from({ length: ids.length * 2 }, (_, at) =>
            at % 2 ? (window === 0 ? 2 : -2) : 0,
          )
          return { ids, spans, logits }
        })
      },
    }
    const words = wordSpans(text.slice(0, 60))
    const [values] = await wordProbabilities(classifier, [text.slice(0, 60)], [words], {
      ...options,
      overlapTokens: 12,
    })
    for (let index = 1; index < values!.length; index++)
      expect(values![index]).toBeLessThanOrEqual(values![index - 1]! + 1e-9)
    expect(values![0]).toBeGreaterThan(0.8)
    const shared = values!.filter((value) => value > 0.15 && value < 0.85)
    expect(shared.length).toBeGreaterThan(1)
    expect(shared[0]! - shared.at(-1)!).toBeGreaterThan(0.1)
    expect(values!.at(-1)).toBeLessThan(0.2)
  })
})

test('for any text the budget holds, spans lead back, and nothing throws', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(hostileText, { minLength: 1, maxLength: 3 }),
      fc.nat(60),
      fc.constantFrom(0, 1),
      async (texts, tokens, queryWeight) => {
        const passages = texts.map((text, index) => passage(text, `p${index}`))
        const options = { classifier: lengthClassifier(32), budget: tokens, queryWeight, query: texts[0]! }
        const result = await compressByClassifier(passages, options)
        checkResult(result, passages, { tokens, tokenizer: hashedWordTokenizer })
        checkOrder(result)
      },
    ),
    { numRuns: Number(process.env.FC_RUNS ?? 80) },
  )
})
