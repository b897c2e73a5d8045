/** @file A suite that finds nothing proves nothing: each gets implementations with a fault that it must find. */
import { describe, expect, test } from 'vitest'
import type { Attender, AttendRequest } from '../capability/attender.ts'
import type { Embedder } from '../capability/embedder.ts'
import type { Reranker } from '../capability/reranker.ts'
import type { PreparedContext, Scorer } from '../capability/scorer.ts'
import type { TokenClassifier } from '../capability/token-classifier.ts'
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

const createModel = () =>
  new BigramModel(['The cat sat on the mat. The dog sat on the rug.', 'The dog ran to the cat.'], {
    contextLength: 256,
  })

/** Runs a suite by itself and gives the names of its failed tests. */
async function failuresOf(run: (runner: SuiteRunner) => void): Promise<string[]> {
  const tests: [string, () => Promise<void>][] = []
  run({ describe: (_, body) => body(), test: (name, body) => tests.push([name, body]), expect })
  const failed: string[] = []
  for (const [name, body] of tests) await body().catch(() => failed.push(name))
  return failed
}

describe('the suites find what is wrong', () => {
  test.each<[string, (model: BigramModel) => Scorer, RegExp]>([
    [
      'log-probabilities shifted by one token',
      (model) => ({
        ...scorerOf(model),
        score: async (requests) =>
          (await model.score(requests)).map((result) => ({
            ...result,
            logprobs: Float32Array.from(result.logprobs, (_, index) => result.logprobs[Math.max(0, index - 1)]!),
          })),
      }),
      /token by token/,
    ],
    [
      'a batch in the wrong order',
      (model) => ({ ...scorerOf(model), score: async (requests) => await model.score([...requests].reverse()) }),
      /a batch of different lengths/,
    ],
    [
      'a signal that is not looked at',
      (model) => ({ ...scorerOf(model), score: (requests) => model.score(requests) }),
      /its own reason/,
    ],
  ])('in a scorer: %s', async (_, breakScorer, expected) => {
    const failed = await failuresOf((own) => scorerSuite({ ...own, create: () => breakScorer(createModel()) }))
    expect(failed.some((name) => expected.test(name))).toBe(true)
  })

  test('in a tokenizer: spans that cut a surrogate pair', async () => {
    const units = {
      ...byteTokenizer(),
      encode: (text: string) => ({
        ids: Uint32Array.from(text, (_, index) => text.charCodeAt(index)),
        spans: Array.from({ length: text.length }, (_, start) => ({ start, end: start + 1 })),
      }),
    }
    expect((await failuresOf((own) => tokenizerSuite({ ...own, create: () => units }))).length).toBeGreaterThan(0)
  })

  test('in a language model: a stream that differs from the answer', async () => {
    const model = createModel()
    const create = () => ({
      id: model.id,
      contextLength: model.contextLength,
      generate: model.generate.bind(model),
      stream: (request: Parameters<typeof model.stream>[0]) => model.stream({ ...request, temperature: 2, seed: 9 }),
    })
    const failed = await failuresOf((own) => languageModelSuite({ ...own, create }))
    expect(failed).toContain('the streamed text is the generated text, and one finish comes last')
  })
})

function scorerOf(model: BigramModel): Scorer {
  return {
    tokenizer: model.tokenizer,
    contextLength: model.contextLength,
    score: (requests, options) => model.score(requests, options),
  }
}

describe('the suites of the other capabilities find', () => {
  const attender = lookupAttender(byteTokenizer())
  const input = byteTokenizer().encode('abcabcabd').ids
  const attend = (change: (request: AttendRequest) => AttendRequest): Attender => ({
    attend: (request, options) => attender.attend(change(request), options),
  })

  test.each<[string, Attender, RegExp]>([
    [
      'rows that are always averaged evenly',
      attend((request) => ({ ...request, rows: request.rows === 'weighted' ? 'mean' : (request.rows ?? 'mean') })),
      /weighted/,
    ],
    ['keys that are not chosen', attend(({ keys: _, ...request }) => request), /keys and layers/],
    ['a layer limit that is not kept to', attend(({ untilLayer: _, ...request }) => request), /untilLayer/],
  ])('in an attender: %s', async (_, broken, expected) => {
    const failed = await failuresOf((own) => attenderSuite({ ...own, create: () => broken, input }))
    expect(
      failed.some((name) => expected.test(name)),
      failed.join('; '),
    ).toBe(true)
  })

  test.each<[string, (embedder: Embedder) => Embedder, RegExp]>([
    [
      'vectors in another order',
      (embedder) => ({
        ...embedder,
        embed: async (texts, options) => (await embedder.embed(texts, options)).reverse(),
      }),
      /keeps its order/,
    ],
    ['a wrong number of dimensions', (embedder) => ({ ...embedder, dimensions: 63 }), /right length/],
    [
      'vectors that say nothing',
      (embedder) => ({ ...embedder, embed: async (texts) => texts.map(() => new Float32Array(64).fill(0.125)) }),
      /nearer/,
    ],
  ])('in an embedder: %s', async (_, breakIt, expected) => {
    const failed = await failuresOf((own) => embedderSuite({ ...own, create: () => breakIt(hashingEmbedder()) }))
    expect(
      failed.some((name) => expected.test(name)),
      failed.join('; '),
    ).toBe(true)
  })

  test('in a reranker: scores that depend on the other texts', async () => {
    const sorted: Reranker = { rank: async (query, texts) => (await wordOverlapReranker().rank(query, texts)).sort() }
    const failed = await failuresOf((own) => rerankerSuite({ ...own, create: () => sorted }))
    expect(failed).toContain('keeps the order of the texts, and each score its value')
  })

  test('in a token classifier: logits of a token too few', async () => {
    const whole = wordListClassifier(['the'])
    const broken: TokenClassifier = {
      ...whole,
      classify: async (texts, options) =>
        (await whole.classify(texts, options)).map((result) => ({ ...result, logits: result.logits.slice(2) })),
    }
    const failed = await failuresOf((own) => tokenClassifierSuite({ ...own, create: () => broken }))
    expect(failed.length).toBeGreaterThan(0)
  })

  test.each<[string, (prepared: PreparedContext) => PreparedContext, RegExp]>([
    ['a fork that is the same context', (prepared) => withMethods(prepared, { fork: () => prepared }), /fork/],
    ['a truncation that does nothing', (prepared) => withMethods(prepared, { truncate: () => {} }), /truncate/],
    ['a close that does nothing', (prepared) => withMethods(prepared, { close: async () => {} }), /DisposedError/],
  ])('in a prepared context: %s', async (_, breakIt, expected) => {
    const create = () => {
      const model = createModel()
      return {
        ...scorerOf(model),
        prepare: async (context: Uint8Array) => breakIt(await model.prepare(context)),
      } as Scorer
    }
    const failed = await failuresOf((own) => scorerSuite({ ...own, create }))
    expect(
      failed.some((name) => expected.test(name)),
      failed.join('; '),
    ).toBe(true)
  })
})

/** The same object with some methods replaced, its private fields in place. */
function withMethods(prepared: PreparedContext, methods: Partial<PreparedContext>): PreparedContext {
  return Object.assign(prepared, methods)
}
