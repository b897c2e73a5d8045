import { makePassage } from '@lc/model'
import { BigramModel } from '@lc/model/testing'
import { expect, test } from 'vitest'
import { methodNames } from '../options/method-option.ts'
import { compressByMethod } from './compress-by-method.ts'

const text =
  'The tide was calm. The lantern was violet. The boats lay still in the harbour. The wind came from the west.'
const scorer = new BigramModel(text)

test.each(methodNames)('%s keeps within the budget and takes from the source only', async (method) => {
  const budget = Math.floor(scorer.tokenizer.count(text) / 2)
  const request = { scorer, query: 'Which colour was the lantern?', budget }
  const result = await compressByMethod(method, [makePassage(text, { uri: 'log.txt' })], request)
  expect(scorer.tokenizer.count(result.text)).toBeLessThanOrEqual(budget)
  expect(result.tokens).toBe(scorer.tokenizer.count(result.text))
  expect(result.spans.length).toBeGreaterThan(0)
})
