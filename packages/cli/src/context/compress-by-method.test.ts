import { makePassage, type Scorer, type TokenClassifier } from '@lc/model'
import { BigramModel, lookupAttender, wordListClassifier } from '@lc/model/testing'
import { describe, expect, test } from 'vitest'
import { methodNames } from '../options/method-option.ts'
import { compressByMethod, type MethodModel } from './compress-by-method.ts'

const text =
  'The tide was calm. The lantern was violet. The boats lay still in the harbour. The wind came from the west.'
const scorer = new BigramModel(text)
const classifier: TokenClassifier = wordListClassifier(['the', 'was'])
const attender = { tokenizer: scorer.tokenizer, attend: lookupAttender(scorer.tokenizer).attend }
const modelFor: Record<string, MethodModel> = {
  llmlingua2: classifier,
  specpc: attender,
  'no-model': { tokenizer: scorer.tokenizer },
}
const passages = [makePassage(text, { uri: 'log.txt' })]
const query = 'Which colour was the lantern?'

test.each(methodNames)('%s keeps within the budget and takes from the source only', async (method) => {
  const model = modelFor[method] ?? scorer
  const budget = Math.floor(model.tokenizer.count(text) / 2)
  const { result, reason } = await compressByMethod(method, passages, { model, query, budget })
  expect(model.tokenizer.count(result.text)).toBeLessThanOrEqual(budget)
  expect(result.tokens).toBe(model.tokenizer.count(result.text))
  expect(result.spans.length).toBeGreaterThan(0)
  expect(result.method.split('/')[0]).toBe(method)
  expect(reason).toBe(`asked for by --method ${method}`)
})

describe('without a method', () => {
  test.each<[string, MethodModel, string]>([
    ['a scorer', scorer as Scorer, 'longllmlingua'],
    ['a classifier', classifier, 'llmlingua2'],
    ['an attender', attender, 'specpc'],
    ['a tokenizer alone', { tokenizer: scorer.tokenizer }, 'no-model/sentences'],
  ])('%s decides, and the reason is told', async (_, model, method) => {
    const { result, reason } = await compressByMethod(undefined, passages, { model, query, budget: 12 })
    expect(result.method.replace(/^specpc.*/, 'specpc')).toBe(method)
    expect(reason.length).toBeGreaterThan(20)
  })
})

test.each([
  ['llmlingua2', scorer, 'a token classifier'],
  ['specpc', classifier, 'a local model'],
  ['longcodezip', attender, 'a language model that gives log-probabilities'],
  ['llmlingua', { tokenizer: scorer.tokenizer }, 'a language model that gives log-probabilities'],
] as const)('%s says what it needs', async (method, model, needed) => {
  const request = { model: model as MethodModel, query, budget: 12 }
  await expect(compressByMethod(method, passages, request)).rejects.toMatchObject({
    code: 'usage',
    problem: expect.stringContaining(`--method ${method} needs ${needed}`),
  })
})
