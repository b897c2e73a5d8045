import { describe, expect, test } from 'vitest'
import { estimateTokenizer } from '../budget/estimate-tokenizer.ts'
import { attenderSuite } from './attender-suite.ts'
import { BigramModel } from './bigram-model.ts'
import { byteTokenizer } from './byte-tokenizer.ts'
import { embedderSuite } from './embedder-suite.ts'
import { hashingEmbedder } from './hashing-embedder.ts'
import { languageModelSuite } from './language-model-suite.ts'
import { lookupAttender } from './lookup-attender.ts'
import { rerankerSuite } from './reranker-suite.ts'
import { scorerSuite } from './scorer-suite.ts'
import type { SuiteRunner } from './suite-runner.ts'
import { tokenClassifierSuite } from './token-classifier-suite.ts'
import { tokenizerSuite } from './tokenizer-suite.ts'
import { wordListClassifier } from './word-list-classifier.ts'
import { wordOverlapReranker } from './word-overlap-reranker.ts'
import { wordTokenizer } from './word-tokenizer.ts'

const training = [
  'The cat sat on the mat. The dog sat on the rug, and the cat looked at the dog.',
  'The dog ran to the cat; the cat ran up the tree. The tree was tall, and the dog barked.',
]
const createModel = () => new BigramModel(training, { contextLength: 256 })
const runner: SuiteRunner = { describe, test, expect }

tokenizerSuite({ ...runner, name: 'byteTokenizer', create: byteTokenizer })
tokenizerSuite({ ...runner, name: 'estimateTokenizer', create: () => estimateTokenizer() })
tokenizerSuite({
  ...runner,
  name: 'wordTokenizer',
  create: () => wordTokenizer(training.join(' '), { special: ['<end>', '<start>'] }),
  specialTokens: ['<end>', '<start>'],
})
languageModelSuite({ ...runner, name: 'BigramModel generates', create: createModel })
scorerSuite({ ...runner, name: 'BigramModel scores', create: createModel, tolerance: 1e-6 })
embedderSuite({ ...runner, name: 'hashingEmbedder', create: () => hashingEmbedder(), normalised: 'yes' })
rerankerSuite({ ...runner, name: 'wordOverlapReranker', create: wordOverlapReranker })
tokenClassifierSuite({ ...runner, name: 'wordListClassifier', create: () => wordListClassifier(['the', 'a', 'from']) })
attenderSuite({
  ...runner,
  name: 'lookupAttender',
  create: () => lookupAttender(byteTokenizer()),
  input: byteTokenizer().encode('abcabcabd').ids,
})

describe('BigramModel', () => {
  test('every distribution sums to 1', () => {
    const model = createModel()
    for (const context of ['', 'The', ' cat', 'zzz']) {
      const total = model
        .nextLogprobs(model.tokenizer.encode(context).ids)
        .reduce((sum, each) => sum + Math.exp(each), 0)
      expect(Math.abs(total - 1)).toBeLessThan(1e-12)
    }
  })

  test('a probability is the smoothed share of pairs, counted by hand', async () => {
    // "a b a c", then the end: of the two tokens after "a", one is " b"
    const model = new BigramModel('a b a c')
    const { tokenizer } = model
    const id = (text: string) => tokenizer.encode(text).ids[0]!
    // 5 tokens with the end, of which " b" is one; the vocabulary has 256 bytes, the words a, " a", " b", " c", and the end
    expect(tokenizer.vocabularySize).toBe(261)
    const unigram = (1 + 0.01) / (5 + 0.01 * 261)
    const [scored] = await model.score([{ context: 'a', continuation: ' b' }])
    expect(scored!.logprobs[0]).toBeCloseTo(Math.log((1 + 0.5 * unigram) / (1 + 0.5)), 6)
    expect(scored!.ids[0]).toBe(id(' b'))
  })

  test('likes text of its training better than shuffled text', async () => {
    const [trained, shuffled] = await createModel().score([
      { context: 'The', continuation: ' cat sat on the mat' },
      { context: 'The', continuation: ' mat the on sat cat' },
    ])
    const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length
    expect(mean(trained!.logprobs)).toBeGreaterThan(mean(shuffled!.logprobs) + 1)
  })

  test('samples as often as the probabilities say', async () => {
    const model = new BigramModel('a b a c a b a c a b')
    let chosen = 0
    for (let seed = 0; seed < 400; seed++) {
      const { text } = await model.generate({ prompt: ' a', maxTokens: 1, temperature: 1, seed })
      if (text === ' b') chosen++
    }
    const [scored] = await model.score([{ context: ' a', continuation: ' b' }])
    // three standard deviations of 400 draws
    expect(Math.abs(chosen / 400 - Math.exp(scored!.logprobs[0]!))).toBeLessThan(0.075)
  })
})
