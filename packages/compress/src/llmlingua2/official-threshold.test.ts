import { byteTokenizer } from '@lc/model/testing'
import { expect, test } from 'vitest'
import type { ResolvedOfficial2Options } from './official-options.ts'
import { keepWords, percentile } from './official-threshold.ts'

const single = [
  0.08564916998147964, 0.23681050539016724, 0.8012744784355164, 0.5821620225906372, 0.09412864595651627,
  0.43312692642211914, 0.47905129194259644,
]
const double = [
  0.15973891463707857, 0.7345771514092145, 0.11367201992140341, 0.39122819049566204, 0.5167401826213637,
  0.4306280204141778, 0.5867985714381407,
]

// expected: numpy.percentile of NumPy 2.2.6 on arrays of float32 and of float64
test.each([
  [single, 0, true, 0.08564916998147964],
  [single, 1, true, 0.08615794032812119],
  [single, 34, true, 0.24466314911842346],
  [single, 51, true, 0.4358823895454407],
  [single, 68, true, 0.48730015754699707],
  [single, 100, true, 0.8012744784355164],
  [double, 0, false, 0.11367201992140341],
  [double, 1, false, 0.11643603360434392],
  [double, 34, false, 0.39280418369240266],
  [double, 51, false, 0.43579475014660896],
  [double, 68, false, 0.5223448537267058],
  [double, 100, false, 0.7345771514092145],
] as const)('the percentile is that of NumPy (%#)', (values, percent, float32, expected) => {
  expect(percentile({ values, percent, float32 })).toBe(expected)
})

// 200 words of one token each: a percentile p is at place 1.99 p, and what is above it stays; the official percentile is one more
// than 100 (1 - rate), cut to a whole number after the error of 1 - rate in binary (0.8 gives 20, not 21)
test.each([
  [0.5, 98],
  [0.33, 64],
  [0.8, 160],
  [0.9, 180],
])('a rate of %d keeps %d of 200 words', (rate, count) => {
  const words = Array.from({ length: 200 }, (_, index) => {
    const probability = Math.fround((index + 0.5) / 201)
    return { text: 'w', probability, forced: false, unforced: probability }
  })
  const options = { tokenizer: byteTokenizer(), dropConsecutive: false, forcedTokens: [] } as Pick<
    ResolvedOfficial2Options,
    'tokenizer' | 'dropConsecutive' | 'forcedTokens'
  >
  expect(keepWords(words, 1 - rate, options as ResolvedOfficial2Options)).toHaveLength(count)
})
