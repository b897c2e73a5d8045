import { describe, expect, test } from 'vitest'
import { AdaptiveScorer, hashedWordTokenizer } from '../testing-kit/adaptive-scorer.ts'
import { concatIds, conditionalNll, windowsOf } from './conditional-nll.ts'
import { lineNlls } from './line-nll.ts'
import { mergeTokenValues, textNlls } from './text-nll.ts'
import { meanNll } from './token-nll.ts'

const scorer = new AdaptiveScorer()
const code = 'def f(a):\n    b = a + 1\n\n    return b\nprint(f(2))\n'
const ids = (text: string): Uint32Array => hashedWordTokenizer.encode(text).ids

describe('line perplexities', () => {
  test('of one forward pass are those of one pass per line, where tokens end with lines', async () => {
    const lines = code.split(/(?<=\n)/)
    const starts = lines.map((_, index) => lines.slice(0, index).join('').length)
    const [whole] = await scorer.score([{ context: '\n', continuation: code }])
    const once = lineNlls(hashedWordTokenizer.encode(code).spans, whole!.logprobs, starts)
    const each = await scorer.score(
      lines.map((line, index) => ({ context: `\n${lines.slice(0, index).join('')}`, continuation: line })),
    )
    each.forEach(({ logprobs }, index) => {
      expect(once[index]).toBeCloseTo(meanNll(logprobs), 9)
    })
  })

  test('leave out a first token without a probability, and are 0 where no token starts', () => {
    const spans = [
      { start: 0, end: 2 },
      { start: 2, end: 9 },
    ]
    expect(Array.from(lineNlls(spans, [Number.NaN, -2], [0, 4, 8]))).toEqual([2, 0, 0])
  })
})

describe('a query after contexts', () => {
  const query = ids('where is alpha')
  const separator = ids('\n\n')

  test('is read with the same tokens on both sides, in one call', async () => {
    const counted = new AdaptiveScorer()
    const contexts = [ids('alpha = 1'), ids('beta = 2'), new Uint32Array()]
    const { alone, given } = await conditionalNll(counted, { query, contexts, separator })
    expect(counted.calls).toBe(1)
    const [expected] = await scorer.score([{ context: separator, continuation: query, join: 'ids' }])
    expect(alone).toBeCloseTo(meanNll(expected!.logprobs), 9)
    expect(given[0]).toBeLessThan(given[1]!)
    // an empty context tells nothing
    expect(given[2]).toBe(alone)
  })

  test('leaves out its first token on both sides when it stands alone after nothing', async () => {
    const contexts = [ids('alpha = 1')]
    const { alone, given } = await conditionalNll(scorer, { query, contexts, separator }, { firstToken: 'skip' })
    const [unconditional, conditional] = await scorer.score([
      { context: new Uint32Array(), continuation: query, join: 'ids' },
      { context: concatIds(contexts[0]!, separator), continuation: query, join: 'ids' },
    ])
    expect(unconditional!.logprobs[0]).toBeNaN()
    expect(alone).toBeCloseTo(meanNll(unconditional!.logprobs, 1), 9)
    expect(given[0]).toBeCloseTo(meanNll(conditional!.logprobs, 1), 9)
  })

  test('after a context longer than the window it is the most helpful window that counts', async () => {
    const long = ids(`${'filler text '.repeat(60)}alpha is here ${'more filler '.repeat(60)}`)
    const window = 64
    const { given } = await conditionalNll(scorer, { query, contexts: [long], separator }, { windowTokens: window })
    const windows = windowsOf(long, window - query.length - separator.length)
    const parts = await scorer.score(
      windows.map((part) => ({ context: concatIds(part, separator), continuation: query, join: 'ids' as const })),
    )
    expect(given[0]).toBeCloseTo(Math.min(...parts.map(({ logprobs }) => meanNll(logprobs))), 9)
    for (const part of windows) expect(part.length).toBeLessThanOrEqual(window)
    expect(windows.reduce((sum, part) => sum + part.length, 0)).toBe(long.length)
  })
})

describe('the surprise of a text', () => {
  test('is that of one pass while it fits, and goes on over windows', async () => {
    const text = Array.from({ length: 50 }, (_, index) => `w${index % 7}`).join(' ')
    const [one] = await textNlls(scorer, [text], { start: ids('\n') })
    const [expected] = await scorer.score([{ context: '\n', continuation: text }])
    expect(Array.from(one!.nlls)).toEqual(Array.from(expected!.logprobs, (logprob) => -logprob))
    const [many] = await textNlls(scorer, [text], { start: ids('\n'), windowTokens: 20 })
    expect(many!.nlls).toHaveLength(one!.nlls.length)
    expect(many!.nlls.every((nll) => nll > 0)).toBe(true)
  })

  test('of a piece is that of the tokens whose first visible character is in it', () => {
    const text = 'ab cd'
    const spans = [
      { start: 0, end: 2 },
      { start: 2, end: 5 },
    ]
    const pieces = [
      { start: 0, end: 3 },
      { start: 3, end: 5 },
    ]
    const tokens = { spans, values: [1, 5] }
    expect(Array.from(mergeTokenValues(text, pieces, tokens, 'mean'))).toEqual([1, 5])
    const one = [{ start: 0, end: 5 }]
    expect(Array.from(mergeTokenValues(text, one, tokens, 'mean'))).toEqual([3])
    expect(Array.from(mergeTokenValues(text, one, tokens, 'max'))).toEqual([5])
    expect(mergeTokenValues(text, [{ start: 4, end: 5 }], tokens, 'mean')[0]).toBeNaN()
  })
})

test('means leave out what has no probability and stay finite', () => {
  expect(meanNll([Number.NaN, -1, -3])).toBe(2)
  expect(meanNll([-5, -1, -3], 1)).toBe(2)
  expect(meanNll([Number.NEGATIVE_INFINITY, -2])).toBe(51)
  expect(meanNll([])).toBeNaN()
})
