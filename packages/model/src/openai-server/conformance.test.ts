/** @file The conformance suites over the wire: what holds for a model holds for it behind the protocol. */
import { afterAll, describe, expect, test } from 'vitest'
import { serveHttp } from '../node/serve-http.ts'
import { openaiCompatible } from '../openai/openai-model.ts'
import { BigramModel } from '../testing-kit/bigram-model.ts'
import { embedderSuite } from '../testing-kit/embedder-suite.ts'
import { hashingEmbedder } from '../testing-kit/hashing-embedder.ts'
import { languageModelSuite } from '../testing-kit/language-model-suite.ts'
import { scorerSuite } from '../testing-kit/scorer-suite.ts'
import type { SuiteRunner } from '../testing-kit/suite-runner.ts'
import { openaiServer } from './openai-server.ts'

const bigram = new BigramModel(
  ['The cat sat on the mat. The dog sat on the log. A bird sang from the tree.', 'a naïve 東京 😀 tale of the sea'],
  { contextLength: 256 },
)
const embedder = hashingEmbedder()
const server = openaiServer({ models: { bigram: { languageModel: bigram, scorer: bigram }, hashing: { embedder } } })
const http = await serveHttp((request, connection) => server.handle(request, connection), { port: 0 })
afterAll(async () => {
  await server.close()
  await http.close()
})

const runner: SuiteRunner = { describe, test, expect }
const baseUrl = `${http.url}/v1`
const connected = async (tokenizer: boolean) => {
  const model = openaiCompatible({ baseUrl, model: 'bigram', ...(tokenizer ? { tokenizer: bigram.tokenizer } : {}) })
  await model.connect()
  return model
}

languageModelSuite({ ...runner, name: 'a model behind the protocol generates', create: () => connected(true) })
scorerSuite({
  ...runner,
  name: 'a model behind the protocol scores',
  create: async () => (await connected(true)).scorer(),
  tolerance: 1e-6,
})
embedderSuite({
  ...runner,
  name: 'an embedder behind the protocol',
  create: () => openaiCompatible({ baseUrl, model: 'hashing' }).embedder(),
  normalised: 'yes',
})
