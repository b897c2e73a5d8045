import { expect, test } from 'vitest'
import { scoreDocument } from './score-document.ts'

test('tokens carry their text; the mean is over all but the first', () => {
  const result = {
    ids: Uint32Array.of(5, 6, 7),
    spans: [
      { start: 0, end: 1 },
      { start: 1, end: 3 },
      { start: 3, end: 4 },
    ],
    logprobs: Float32Array.of(Number.NaN, -1, -2),
    accuracy: 'fast',
  } as const
  expect(scoreDocument('abcd', { ...result, spans: [...result.spans] }, 0.5)).toEqual({
    tokens: [
      { id: 5, text: 'a', start: 0, end: 1, logprob: null },
      { id: 6, text: 'bc', start: 1, end: 3, logprob: -1 },
      { id: 7, text: 'd', start: 3, end: 4, logprob: -2 },
    ],
    nll: 1.5,
    perplexity: Math.exp(1.5),
    accuracy: 'fast',
    seconds: 0.5,
  })
})

test.each([0, 1])('%i tokens have no mean', (count) => {
  const result = {
    ids: new Uint32Array(count),
    spans: Array.from({ length: count }, () => ({ start: 0, end: 1 })),
    logprobs: new Float32Array(count).fill(Number.NaN),
  }
  const document = scoreDocument('a', result, 0)
  expect(document).toMatchObject({ nll: null, perplexity: null, accuracy: 'exact' })
  expect(document.tokens.map((token) => token.logprob)).toEqual(count === 0 ? [] : [null])
})
