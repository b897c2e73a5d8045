/** @file The client against the server over a real socket, around a real (small) model. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { GenerateRequest, StreamPart } from '../capability/language-model.ts'
import { type HttpServer, serveHttp } from '../node/serve-http.ts'
import { openaiCompatible } from '../openai/openai-model.ts'
import { BigramModel } from '../testing-kit/bigram-model.ts'
import type { Span } from '../text/span.ts'
import { openaiServer } from './openai-server.ts'

const training = [
  'the train to the coast leaves at noon. the train to the hills leaves at night.',
  'once, in a small town by the river, there lived a miller. the miller had a cat and a dog.',
  'def read_lines(path):\n    """Return the lines of a file."""\n    return open(path).read()\n',
  '1. apples\n2. pears\n3. plums\n4. figs\n',
  'a naïve café in 東京 😀 sells plums and figs. the cat leaves.',
]
const bigram = new BigramModel(training, { id: 'bigram', contextLength: 512 })
/** Counts of letters, normalised: a real if humble embedder. */
const embedder = {
  dimensions: 26,
  embed: async (texts: readonly string[], options?: { kind?: string }) =>
    texts.map((text) => {
      const vector = new Float32Array(26)
      for (const letter of (options?.kind === 'query' ? `q ${text}` : text).toLowerCase()) {
        const index = letter.charCodeAt(0) - 97
        if (index >= 0 && index < 26) vector[index]! += 1
      }
      const norm = Math.hypot(...vector) || 1
      return vector.map((value) => value / norm)
    }),
}
const server = openaiServer({ models: { bigram: { languageModel: bigram, scorer: bigram }, letters: { embedder } } })
let http: HttpServer
beforeAll(async () => {
  http = await serveHttp((request, connection) => server.handle(request, connection), { port: 0 })
})
afterAll(async () => {
  await server.close()
  await http.close()
})

const remote = (options: { tokenizer?: boolean; dialect?: 'auto' | 'vllm' | 'openai' | 'lc' } = {}) =>
  openaiCompatible({
    baseUrl: `${http.url}/v1`,
    model: 'bigram',
    retries: 0,
    ...(options.tokenizer ? { tokenizer: bigram.tokenizer } : {}),
    ...(options.dialect ? { dialect: options.dialect } : {}),
  })
const chat: GenerateRequest = { messages: [{ role: 'user', content: 'the train' }], maxTokens: 12 }
const collect = async (parts: AsyncIterable<StreamPart>) => {
  const all: StreamPart[] = []
  for await (const part of parts) all.push(part)
  return all
}
const textOf = (parts: StreamPart[]) => parts.map((part) => (part.type === 'text-delta' ? part.text : '')).join('')

/** Whether a span holds another one. */
const holds = (outer: Span, inner: Span | undefined) =>
  inner !== undefined && outer.start <= inner.start && outer.end >= inner.end

describe('generation', () => {
  test.each<[string, GenerateRequest]>([
    ['greedy chat', { ...chat, temperature: 0 }],
    ['sampled chat', { ...chat, temperature: 0.8, topP: 0.9, seed: 5 }],
    [
      'top-k, min-p and penalties',
      {
        ...chat,
        temperature: 1,
        topK: 3,
        minP: 0.01,
        repetitionPenalty: 1.2,
        frequencyPenalty: 0.5,
        presencePenalty: 0.5,
        seed: 9,
      },
    ],
    ['stop strings', { ...chat, temperature: 0, maxTokens: 40, stop: ['leaves', 'noon'] }],
    ['prompt', { prompt: 'the train to', maxTokens: 12, temperature: 0 }],
    ['log-probabilities in a chat', { ...chat, temperature: 0, logprobs: 2 }],
    ['log-probabilities of a prompt', { prompt: 'the train to', maxTokens: 12, temperature: 0, logprobs: 2 }],
    [
      'a started answer',
      {
        messages: [
          { role: 'user', content: 'Go on' },
          { role: 'assistant', content: 'the train' },
        ],
        continueFinalMessage: true,
        maxTokens: 8,
        temperature: 0,
      },
    ],
    ['bytes of unknown characters', { prompt: 'a naïve', maxTokens: 9, temperature: 0 }],
  ])('%s is the same over the wire, whole and streamed', async (_, request) => {
    const local = await bigram.generate(request)
    const whole = await remote().generate(request)
    expect(whole.text).toBe(local.text)
    expect(whole.finishReason).toBe(local.finishReason)
    expect(whole.usage).toEqual(local.usage)
    if (request.logprobs !== undefined) {
      const wanted = local.logprobs?.map((entry) => ({ token: entry.token, logprob: entry.logprob }))
      expect(whole.logprobs?.map(({ token, logprob }) => ({ token, logprob }))).toEqual(wanted)
      expect(whole.logprobs?.[0]?.top?.map((other) => other.token)).toEqual(
        local.logprobs?.[0]?.top?.map((other) => other.token),
      )
    }
    const parts = await collect(remote().stream(request))
    expect(textOf(parts)).toBe(local.text)
    expect(parts.at(-1)).toEqual({ type: 'finish', finishReason: local.finishReason, usage: local.usage })
  })

  test('several answers', async () => {
    const request = { ...chat, temperature: 1, seed: 1, n: 3 }
    const local = await bigram.generate(request)
    const answer = await remote().generate(request)
    expect(answer.choices?.map((choice) => choice.text)).toEqual(local.choices?.map((choice) => choice.text))
    await expect(collect(remote().stream(request))).rejects.toMatchObject({ code: 'unsupported-capability' })
  })

  test('a context that is too long is a ContextLengthError with its numbers', async () => {
    const failed = remote().generate({ prompt: 'the train '.repeat(400), maxTokens: 2 })
    await expect(failed).rejects.toMatchObject({ code: 'context-length', limit: 512, model: 'bigram' })
  })

  test('what the model behind the server cannot do is refused with its words', async () => {
    const failed = remote().generate({ ...chat, tools: [{ name: 'f', parameters: { type: 'object' } }] })
    await expect(failed).rejects.toMatchObject({
      code: 'unsupported-capability',
      alternatives: expect.stringContaining('call tools'),
      cause: expect.objectContaining({ status: 400 }),
    })
  })

  test('connect learns the dialect and the length of the context', async () => {
    const model = remote()
    expect(model.contextLength).toBe(Number.MAX_SAFE_INTEGER)
    expect(await model.connect()).toEqual({ dialect: 'lc', contextLength: 512, models: ['bigram', 'letters'] })
    expect(model.contextLength).toBe(512)
  })
})

describe('scores', () => {
  const texts: [string, string][] = [
    ['the train to the ', 'coast leaves at noon.'],
    ['', 'the miller had a cat'],
    ['a naïve café in 東', '京 😀 sells plums'],
    ['the mill', 'er had a dog'],
    ['def read_lines(path):\n', '    """Return the lines of a file."""\n'],
    ['the cat', ''],
    ['', ''],
  ]
  for (const tokenizer of [true, false])
    for (const dialect of ['auto', 'vllm'] as const)
      for (const join of ['text', 'ids'] as const)
        test(`${tokenizer ? 'with' : 'without'} a tokenizer, ${dialect}, join ${join}: as the model itself`, async () => {
          const scorer = await remote({ tokenizer, dialect }).scorer()
          const requests = texts.map(([context, continuation]) => ({ context, continuation, join }))
          const local = await bigram.score(requests)
          const scores = await scorer.score(requests)
          expect(scores.map((score) => score.ids)).toEqual(local.map((score) => score.ids))
          expect(scores.map((score) => score.logprobs)).toEqual(local.map((score) => score.logprobs))
          const spans = scores.flatMap((score) => score.spans)
          const wanted = local.flatMap((score) => score.spans)
          // without a tokenizer, bytes of neighbouring characters share a span
          if (tokenizer) expect(spans).toEqual(wanted)
          else expect(spans.filter((span, index) => !holds(span, wanted[index]))).toEqual([])
        })

  test('ids are scored as they are', async () => {
    const ids = Array.from(bigram.tokenizer.encode('the train to the hills').ids)
    const request = { context: ids.slice(0, 2), continuation: ids.slice(2) }
    const [local] = await bigram.score([request])
    for (const tokenizer of [true, false]) {
      const [score] = await (await remote({ tokenizer }).scorer()).score([request])
      expect(score).toMatchObject({ ids: local?.ids, spans: local?.spans, logprobs: local?.logprobs })
    }
  })

  test('many requests go in batches, with progress, in order', async () => {
    const scorer = await remote({ tokenizer: true }).scorer({ batchSize: 7 })
    const requests = Array.from({ length: 50 }, (_, index) => ({
      context: 'the ',
      continuation: 'train '.repeat(1 + (index % 9)),
    }))
    const done: number[] = []
    const scores = await scorer.score(requests, { onProgress: (event) => done.push(event.done) })
    expect(scores.map((score) => score.ids.length)).toEqual(
      (await bigram.score(requests)).map((score) => score.ids.length),
    )
    expect(done.at(-1)).toBe(50)
    expect(done).toHaveLength(8)
  })

  test('a text above the context is refused before it is sent', async () => {
    const scorer = await remote({ tokenizer: true }).scorer()
    const failed = scorer.score([{ context: '', continuation: 'the train '.repeat(600) }])
    await expect(failed).rejects.toMatchObject({ code: 'context-length', limit: 512 })
  })

  test('a tokenizer of another model is refused by name', async () => {
    const other = new BigramModel('some other words').tokenizer
    const model = openaiCompatible({ baseUrl: `${http.url}/v1`, model: 'bigram', tokenizer: other })
    await expect(model.scorer()).rejects.toMatchObject({ code: 'invalid-argument', argument: 'tokenizer' })
  })

  test('by echo: the tokens of the text in OpenAI’s form', async () => {
    const scorer = await remote({ tokenizer: true, dialect: 'llama-cpp' as 'lc' }).scorer()
    const requests = texts.slice(0, 3).map(([context, continuation]) => ({ context, continuation }))
    const scores = await scorer.score(requests)
    const local = await bigram.score(requests)
    expect(scores.map((score) => score.logprobs)).toEqual(local.map((score) => score.logprobs))
    expect(scores.map((score) => score.spans)).toEqual(local.map((score) => score.spans))
  })

  test('an abort ends scoring with its reason', async () => {
    const scorer = await remote({ tokenizer: true }).scorer()
    const controller = new AbortController()
    const requests = Array.from({ length: 400 }, () => ({ context: 'the ', continuation: 'train '.repeat(200) }))
    const reason = new Error('enough')
    const failed = scorer.score(requests, { signal: controller.signal, onProgress: () => controller.abort(reason) })
    await expect(failed).rejects.toBe(reason)
  })
})

describe('embeddings', () => {
  test('vectors come back in order, exactly, in batches, with the prefix of their kind', async () => {
    const model = openaiCompatible({ baseUrl: `${http.url}/v1`, model: 'letters' })
    const remoteEmbedder = await model.embedder({ batchSize: 4, prefixes: { query: 'find ' } })
    expect(remoteEmbedder.dimensions).toBe(26)
    const texts = Array.from({ length: 11 }, (_, index) => 'the quick brown fox'.slice(index))
    expect(await remoteEmbedder.embed(texts)).toEqual(await embedder.embed(texts))
    const queries = texts.map((text) => `find ${text}`)
    expect(await remoteEmbedder.embed(texts, { kind: 'query' })).toEqual(await embedder.embed(queries))
    await expect(remoteEmbedder.embed(texts, { output: 'tokens' })).rejects.toMatchObject({
      code: 'unsupported-capability',
    })
  })

  test('base64 holds the same numbers', async () => {
    const post = (encoding: string) =>
      fetch(`${http.url}/v1/embeddings`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'letters', input: 'abc', encoding_format: encoding }),
      }).then((response) => response.json())
    const { readVectors } = await import('../openai/openai-embedder.ts')
    expect(readVectors(await post('base64'), 1)).toEqual(readVectors(await post('float'), 1))
  })
})
