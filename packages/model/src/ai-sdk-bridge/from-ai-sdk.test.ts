import { APICallError, type EmbeddingModelV2, type LanguageModelV2, type LanguageModelV3 } from '@ai-sdk/provider'
import type { LanguageModelV4 } from '@ai-sdk/provider-v4'
import { customProvider } from 'ai'
import { convertArrayToReadableStream, MockLanguageModelV3 } from 'ai/test'
import { describe, expect, test } from 'vitest'
import { ApiCallError } from '../errors/api-call-error.ts'
import { TimeoutError } from '../errors/timeout-error.ts'
import { BigramModel } from '../testing-kit/bigram-model.ts'
import { embedderSuite } from '../testing-kit/embedder-suite.ts'
import { hashingEmbedder } from '../testing-kit/hashing-embedder.ts'
import { readStream } from '../testing-kit/language-model-case.ts'
import { languageModelSuite } from '../testing-kit/language-model-suite.ts'
import { embedderFromAiSdk, embedderToAiSdk } from './embedders.ts'
import { fromAiSdk } from './from-ai-sdk.ts'
import { toAiSdk } from './to-ai-sdk.ts'

const training = 'user: hello\nassistant: hello to you and to all of you, friends. The cat sat on the mat.\n'
const messages = [{ role: 'user' as const, content: 'hello' }]

languageModelSuite({
  describe,
  test,
  expect,
  name: 'a model of lc through the AI SDK and back (v3)',
  create: () => {
    const provider = customProvider({ languageModels: { bigram: toAiSdk(new BigramModel(training)) } })
    return fromAiSdk(provider.languageModel('bigram'), { contextLength: 4096 })
  },
  takesPrompt: false,
  refusesLongPrompts: false,
})

embedderSuite({
  describe,
  test,
  expect,
  name: 'an embedder of lc through the AI SDK and back',
  create: () => embedderFromAiSdk(embedderToAiSdk(hashingEmbedder()), { dimensions: 64 }),
  normalised: 'yes',
})

const usage = {
  inputTokens: { total: 7, noCache: 2, cacheRead: 5, cacheWrite: undefined },
  outputTokens: { total: 3, text: 3, reasoning: undefined },
}
const answer = {
  content: [
    { type: 'reasoning' as const, text: 'hmm' },
    { type: 'text' as const, text: 'Hello ' },
    { type: 'text' as const, text: 'you' },
  ],
  finishReason: { unified: 'stop' as const, raw: 'end' },
  usage,
  warnings: [],
}

/** The AI SDK's own test model, with given answers. */
const scripted = (doGenerate: ConstructorParameters<typeof MockLanguageModelV3>[0] = {}) =>
  new MockLanguageModelV3(doGenerate)

describe('fromAiSdk', () => {
  test.each<[string, LanguageModelV2 | LanguageModelV3 | LanguageModelV4]>([
    [
      'v2',
      {
        specificationVersion: 'v2',
        provider: 'p',
        modelId: 'm',
        supportedUrls: {},
        doGenerate: async () => ({
          content: [{ type: 'text', text: 'Hello you' }],
          finishReason: 'stop',
          usage: { inputTokens: 7, outputTokens: 3, totalTokens: 10, cachedInputTokens: 5 },
          warnings: [],
        }),
        doStream: async () => ({
          stream: convertArrayToReadableStream([
            { type: 'stream-start', warnings: [] },
            { type: 'text-start', id: '0' },
            { type: 'text-delta', id: '0', delta: 'Hello you' },
            { type: 'text-end', id: '0' },
            {
              type: 'finish',
              finishReason: 'stop',
              usage: { inputTokens: 7, outputTokens: 3, totalTokens: 10, cachedInputTokens: 5 },
            },
          ]),
        }),
      },
    ],
    [
      'v3',
      scripted({
        provider: 'p',
        modelId: 'm',
        doGenerate: answer,
        doStream: {
          stream: convertArrayToReadableStream([
            { type: 'stream-start', warnings: [] },
            { type: 'reasoning-delta', id: 'r', delta: 'hmm' },
            { type: 'text-delta', id: '0', delta: 'Hello ' },
            { type: 'text-delta', id: '0', delta: 'you' },
            { type: 'finish', finishReason: answer.finishReason, usage },
          ]),
        },
      }),
    ],
    [
      'v4',
      {
        specificationVersion: 'v4',
        provider: 'p',
        modelId: 'm',
        supportedUrls: {},
        doGenerate: async () => answer,
        doStream: async () => ({
          stream: convertArrayToReadableStream([
            { type: 'stream-start', warnings: [] },
            { type: 'ping' },
            { type: 'text-delta', id: '0', delta: 'Hello you' },
            { type: 'finish', finishReason: answer.finishReason, usage },
          ]),
        }),
      },
    ],
  ])('reads answers and streams of version %s', async (_, theirs) => {
    const model = fromAiSdk(theirs)
    const expectedUsage = { promptTokens: 7, completionTokens: 3, cachedTokens: 5 }
    expect(model.id).toBe('p/m')
    expect(await model.generate({ messages })).toEqual({
      text: 'Hello you',
      finishReason: 'stop',
      usage: expectedUsage,
    })
    const parts = await readStream(model.stream({ messages }))
    expect(parts.map((part) => (part.type === 'text-delta' ? part.text : '')).join('')).toBe('Hello you')
    expect(parts.at(-1)).toEqual({ type: 'finish', finishReason: 'stop', usage: expectedUsage })
  })

  test.each([
    ['v1', /model\.specificationVersion must be one of "v2", "v3", "v4"; got "v1"/],
    [undefined, /must be one of "v2", "v3", "v4"; got undefined/],
  ])('refuses version %s and names the accepted ones', (specificationVersion, message) => {
    const model = Object.assign(scripted(), { specificationVersion }) as never
    expect(() => fromAiSdk(model)).toThrow(message)
  })

  test('refuses the name of a model', () => {
    expect(() => fromAiSdk('openai/gpt-5' as never)).toThrow(/a model object of the AI SDK .* got "openai\/gpt-5"/)
  })

  test('writes messages, tools, schema and settings as the AI SDK has them', async () => {
    const theirs = scripted({ doGenerate: answer })
    await fromAiSdk(theirs).generate({
      messages: [
        { role: 'system', content: 'S' },
        { role: 'user', content: 'U' },
        { role: 'assistant', content: '', toolCalls: [{ id: 'c', name: 'f', arguments: { x: 1 } }] },
        { role: 'tool', content: '2', toolCallId: 'c' },
      ],
      maxTokens: 5,
      temperature: 0.1,
      topP: 0.2,
      topK: 3,
      seed: 4,
      stop: ['X'],
      presencePenalty: 0.5,
      frequencyPenalty: 0.6,
      tools: [{ name: 'f', description: 'd', parameters: { type: 'object' } }],
      toolChoice: { name: 'f' },
      responseSchema: { type: 'object' },
    })
    const { abortSignal, ...call } = theirs.doGenerateCalls[0]!
    expect(abortSignal).toBeInstanceOf(AbortSignal)
    expect(call).toEqual({
      prompt: [
        { role: 'system', content: 'S' },
        { role: 'user', content: [{ type: 'text', text: 'U' }] },
        { role: 'assistant', content: [{ type: 'tool-call', toolCallId: 'c', toolName: 'f', input: { x: 1 } }] },
        {
          role: 'tool',
          content: [{ type: 'tool-result', toolCallId: 'c', toolName: 'f', output: { type: 'text', value: '2' } }],
        },
      ],
      maxOutputTokens: 5,
      temperature: 0.1,
      topP: 0.2,
      topK: 3,
      seed: 4,
      stopSequences: ['X'],
      presencePenalty: 0.5,
      frequencyPenalty: 0.6,
      tools: [{ type: 'function', name: 'f', description: 'd', inputSchema: { type: 'object' } }],
      toolChoice: { type: 'tool', toolName: 'f' },
      responseFormat: { type: 'json', schema: { type: 'object' } },
    })
  })

  test('reads tool calls, and says which arguments do not parse', async () => {
    const call = { type: 'tool-call' as const, toolCallId: 'c', toolName: 'f' }
    const withInput = (input: string) =>
      fromAiSdk(scripted({ doGenerate: { ...answer, content: [{ ...call, input }] } }))
    const result = await withInput('{"x":1}').generate({ messages })
    expect(result).toMatchObject({ text: '', toolCalls: [{ id: 'c', name: 'f', arguments: { x: 1 } }] })
    expect((await withInput('').generate({ messages })).toolCalls?.[0]?.arguments).toEqual({})
    await expect(withInput('{"x":').generate({ messages })).rejects.toThrow(/expected JSON arguments for the tool f/)
  })

  test('counts usage itself where the model reports none', async () => {
    const none = {
      total: undefined,
      noCache: undefined,
      cacheRead: undefined,
      cacheWrite: undefined,
      text: undefined,
      reasoning: undefined,
    }
    const theirs = scripted({ doGenerate: { ...answer, usage: { inputTokens: none, outputTokens: none } } })
    const { usage: counted } = await fromAiSdk(theirs).generate({ messages })
    expect(counted).toEqual({ promptTokens: 2, completionTokens: 3 })
  })

  test.each([
    [{ prompt: 'raw' }, 'continue a raw prompt'],
    [{ messages, logprobs: 1 }, 'report log-probabilities'],
    [{ messages, minP: 0.1 }, 'sample with minP'],
    [{ messages, repetitionPenalty: 1.2 }, 'penalise repetition'],
    [{ messages, policy: {} }, 'use a cache policy'],
    [{ messages, continueFinalMessage: true }, 'continue the final message'],
  ])('refuses %j', async (request, capability) => {
    await expect(fromAiSdk(scripted({ doGenerate: answer })).generate(request)).rejects.toThrow(capability)
  })

  test('a setting that the model ignores is an error, or a warning to who listens', async () => {
    const warnings = [{ type: 'unsupported' as const, feature: 'seed' }]
    const theirs = scripted({ doGenerate: { ...answer, warnings } })
    await expect(fromAiSdk(theirs).generate({ messages, seed: 1 })).rejects.toThrow(/cannot follow seed/)
    const heard: unknown[] = []
    const model = fromAiSdk(theirs, { onWarning: (warning) => heard.push(warning) })
    expect((await model.generate({ messages, seed: 1 })).text).toBe('Hello you')
    expect(heard).toEqual(warnings)
  })
})

describe('calls that fail', () => {
  const failure = (statusCode: number, responseHeaders = {}) =>
    new APICallError({
      message: 'overloaded',
      url: 'https://example.org/v1/chat?key=secret',
      requestBodyValues: {},
      statusCode,
      responseHeaders,
      responseBody: 'busy',
    })
  const retry = { retries: 2, baseDelayMs: 1, maxDelayMs: 2 }

  test('are repeated while the provider calls them retryable', async () => {
    let calls = 0
    const theirs = scripted({
      doGenerate: async () => {
        calls++
        if (calls < 3) throw failure(503)
        return answer
      },
    })
    expect((await fromAiSdk(theirs, { retry }).generate({ messages })).text).toBe('Hello you')
    expect(calls).toBe(3)
  })

  test.each([
    [400, 1, false],
    [429, 3, true],
  ])(
    'with status %d end after %d calls as an ApiCallError without the query of the URL',
    async (status, count, retryable) => {
      let calls = 0
      const theirs = scripted({
        doGenerate: async () => {
          calls++
          throw failure(status)
        },
      })
      const error = await fromAiSdk(theirs, { retry })
        .generate({ messages })
        .catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(ApiCallError)
      expect(error).toMatchObject({ status, retryable, endpoint: 'https://example.org/v1/chat', body: 'busy' })
      expect(calls).toBe(count)
    },
  )

  test('are not repeated where the server asks for a long pause', async () => {
    let calls = 0
    const theirs = scripted({
      doGenerate: async () => {
        calls++
        throw failure(429, { 'retry-after': '3600' })
      },
    })
    await expect(fromAiSdk(theirs, { retry }).generate({ messages })).rejects.toBeInstanceOf(ApiCallError)
    expect(calls).toBe(1)
  })

  test('that hang end with a TimeoutError, even if the provider does not look at the signal', async () => {
    const theirs = scripted({ doGenerate: () => new Promise(() => {}) })
    const call = fromAiSdk(theirs, { timeoutMs: 10 }).generate({ messages })
    await expect(call).rejects.toBeInstanceOf(TimeoutError)
  })

  test('an error part of a stream is thrown, and so is an end without a finish', async () => {
    const broken = scripted({
      doStream: async () => ({
        stream: convertArrayToReadableStream([{ type: 'error' as const, error: failure(500) }]),
      }),
    })
    await expect(readStream(fromAiSdk(broken).stream({ messages }))).rejects.toMatchObject({
      code: 'api-call',
      status: 500,
    })
    const cut = scripted({
      doStream: async () => ({
        stream: convertArrayToReadableStream([{ type: 'text-delta' as const, id: '0', delta: 'Hel' }]),
      }),
    })
    await expect(readStream(fromAiSdk(cut).stream({ messages }))).rejects.toThrow(/ended without a finish/)
  })

  test('leaving the loop cancels the stream of the provider', async () => {
    let cancelled = false
    const theirs = scripted({
      doStream: async () => ({
        stream: new ReadableStream({
          pull: (controller) => controller.enqueue({ type: 'text-delta', id: '0', delta: 'x' }),
          cancel: () => {
            cancelled = true
          },
        }),
      }),
    })
    for await (const _ of fromAiSdk(theirs).stream({ messages })) break
    expect(cancelled).toBe(true)
    expect(theirs.doStreamCalls[0]?.abortSignal?.aborted).toBe(true)
  })
})

describe('embedderFromAiSdk', () => {
  const theirs = (embeddings: number[][], calls: string[][] = []): EmbeddingModelV2<string> => ({
    specificationVersion: 'v2',
    provider: 'p',
    modelId: 'e',
    maxEmbeddingsPerCall: 2,
    supportsParallelCalls: false,
    doEmbed: async ({ values }) => {
      calls.push(values)
      return { embeddings: embeddings.slice(0, values.length) }
    },
  })

  test('keeps to the size of a call, and puts the prefix of the kind before each text', async () => {
    const calls: string[][] = []
    const model = theirs(
      [
        [1, 0],
        [0, 1],
      ],
      calls,
    )
    const embedder = embedderFromAiSdk(model, { dimensions: 2, query: { prefix: 'query: ' } })
    expect(await embedder.embed(['a', 'b', 'c'], { kind: 'query' })).toHaveLength(3)
    expect(calls).toEqual([['query: a', 'query: b'], ['query: c']])
  })

  test.each([
    ['too few vectors', [[1, 0]]],
    [
      'vectors of another length',
      [
        [1, 0, 0],
        [1, 0, 0],
      ],
    ],
  ])('%s are an ApiCallError', async (_, embeddings) => {
    const embedder = embedderFromAiSdk(theirs(embeddings), { dimensions: 2 })
    await expect(embedder.embed(['a', 'b'])).rejects.toThrow(/2 vectors of 2 numbers were expected/)
  })
})
