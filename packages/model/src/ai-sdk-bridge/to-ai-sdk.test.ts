import { embed, embedMany, generateObject, generateText, Output, stepCountIs, streamText, tool } from 'ai'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { UnsupportedCapabilityError } from '../errors/unsupported-capability-error.ts'
import { BigramModel } from '../testing-kit/bigram-model.ts'
import { hashingEmbedder } from '../testing-kit/hashing-embedder.ts'
import { embedderToAiSdk } from './embedders.ts'
import { scriptedLanguageModel } from './scripted-language-model.ts'
import { toAiSdk } from './to-ai-sdk.ts'

globalThis.AI_SDK_LOG_WARNINGS = false

const bigram = new BigramModel('user: hello\nassistant: hello to you and to all of you, friends.\n')

const weather = tool({
  description: 'The weather in a city',
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => ({ city, degrees: 21 }),
})
const weatherCall = { id: 'call-1', name: 'weather', arguments: { city: 'Berlin' } }

describe('generateText with a model of lc', () => {
  test('gives the text, finish reason and usage of the model', async () => {
    const direct = await bigram.generate({
      messages: [{ role: 'user', content: 'hello' }],
      maxTokens: 8,
      temperature: 0,
    })
    const result = await generateText({ model: toAiSdk(bigram), prompt: 'hello', maxOutputTokens: 8, temperature: 0 })
    expect(result.text).toBe(direct.text)
    expect(result.text).not.toBe('')
    expect(result.finishReason).toBe(direct.finishReason)
    expect(result.usage).toMatchObject({
      inputTokens: direct.usage.promptTokens,
      outputTokens: direct.usage.completionTokens,
    })
    expect(result.response.modelId).toBe('bigram')
  })

  test('passes system, history, settings and the signal on', async () => {
    const model = scriptedLanguageModel({ text: 'fine' })
    const { signal } = new AbortController()
    await generateText({
      model: toAiSdk(model),
      system: 'Be brief.',
      messages: [
        { role: 'user', content: 'Hi' },
        {
          role: 'assistant',
          content: [
            { type: 'reasoning', text: 'hmm' },
            { type: 'text', text: 'Hello' },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'How' },
            { type: 'text', text: 'are you?' },
          ],
        },
      ],
      maxOutputTokens: 5,
      temperature: 0.5,
      topP: 0.9,
      topK: 40,
      seed: 3,
      stopSequences: ['END'],
      presencePenalty: 0.1,
      frequencyPenalty: 0.2,
      providerOptions: { lc: { minP: 0.05, cacheKey: 'a', policy: { name: 'snap-kv', budget: 64 } } },
      abortSignal: signal,
    })
    expect(model.requests[0]).toEqual({
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Hello' },
        { role: 'user', content: 'How\n\nare you?' },
      ],
      maxTokens: 5,
      temperature: 0.5,
      topP: 0.9,
      topK: 40,
      minP: 0.05,
      cacheKey: 'a',
      policy: { name: 'snap-kv', budget: 64 },
      seed: 3,
      stop: ['END'],
      presencePenalty: 0.1,
      frequencyPenalty: 0.2,
      signal,
    })
  })

  test('runs tools and gives their results back to the model', async () => {
    const model = scriptedLanguageModel(
      { toolCalls: [weatherCall], finishReason: 'tool-calls' },
      { text: '21 degrees.' },
    )
    const result = await generateText({
      model: toAiSdk(model),
      prompt: 'Weather in Berlin?',
      tools: { weather },
      stopWhen: stepCountIs(3),
    })
    expect(result.text).toBe('21 degrees.')
    expect(result.steps[0]?.toolCalls[0]).toMatchObject({ toolName: 'weather', input: { city: 'Berlin' } })
    expect(model.requests[0]?.tools?.[0]).toMatchObject({
      name: 'weather',
      description: 'The weather in a city',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    })
    expect(model.requests[0]?.toolChoice).toBe('auto')
    expect(model.requests[1]?.messages?.slice(-2)).toEqual([
      { role: 'assistant', content: '', toolCalls: [weatherCall] },
      { role: 'tool', content: '{"city":"Berlin","degrees":21}', toolCallId: 'call-1', name: 'weather' },
    ])
  })

  test.each([
    ['none', 'none'],
    ['required', 'required'],
    [{ type: 'tool', toolName: 'weather' }, { name: 'weather' }],
  ] as const)('passes the tool choice %j on', async (toolChoice, expected) => {
    const answers = toolChoice === 'none' ? { text: 'No.' } : { toolCalls: [weatherCall] }
    const model = scriptedLanguageModel(answers)
    await generateText({ model: toAiSdk(model), prompt: 'Weather?', tools: { weather }, toolChoice })
    expect(model.requests[0]?.toolChoice).toEqual(expected)
  })

  test('gives structured output from a model that keeps to a schema', async () => {
    const model = scriptedLanguageModel({ text: '{"name":"Ada","age":36}' })
    const { output } = await generateText({
      model: toAiSdk(model),
      prompt: 'Who?',
      output: Output.object({ schema: z.object({ name: z.string(), age: z.number() }) }),
    })
    expect(output).toEqual({ name: 'Ada', age: 36 })
    expect(model.requests[0]?.responseSchema).toMatchObject({ type: 'object', required: ['name', 'age'] })
  })

  test('gives structured output through the older generateObject too', async () => {
    const model = scriptedLanguageModel({ text: '{"name":"Ada"}' })
    const { object, usage } = await generateObject({
      model: toAiSdk(model),
      prompt: 'Who?',
      schema: z.object({ name: z.string() }),
    })
    expect(object).toEqual({ name: 'Ada' })
    expect(usage).toMatchObject({ inputTokens: 7, outputTokens: 3 })
    expect(model.requests[0]?.responseSchema).toMatchObject({ type: 'object', required: ['name'] })
  })

  test('asks in the prompt for the schema that a model cannot keep to, with a warning', async () => {
    const model = scriptedLanguageModel(
      new UnsupportedCapabilityError({ model: 'scripted', capability: 'keep to a response schema' }),
      { text: '{"name":"Ada"}' },
    )
    const result = await generateText({
      model: toAiSdk(model),
      system: 'Be brief.',
      prompt: 'Who?',
      output: Output.object({ schema: z.object({ name: z.string() }) }),
    })
    expect(result.output).toEqual({ name: 'Ada' })
    expect(result.warnings?.[0]).toMatchObject({ type: 'unsupported', feature: 'responseFormat' })
    expect(model.requests[1]?.responseSchema).toBeUndefined()
    expect(model.requests[1]?.messages?.[0]?.content).toMatch(/^Be brief\.\n\nAnswer with JSON only.*"name"/)
  })

  test('leaves settings out that a model refuses, with a warning for each', async () => {
    const model = scriptedLanguageModel(new UnsupportedCapabilityError({ model: 'scripted', capability: 'topK' }), {
      text: 'fine',
    })
    const result = await generateText({ model: toAiSdk(model), prompt: 'Hi', topK: 3, seed: 1, temperature: 0.5 })
    expect(result.warnings?.map((warning) => 'feature' in warning && warning.feature)).toEqual(['topK', 'seed'])
    expect(model.requests[1]).toMatchObject({ temperature: 0.5 })
    expect(model.requests[1]).not.toHaveProperty('topK')
  })

  test('fails where a tool is needed and the model has none', async () => {
    const call = generateText({ model: toAiSdk(bigram), prompt: 'Weather?', tools: { weather }, maxRetries: 0 })
    await expect(call).rejects.toThrow('bigram cannot call tools')
  })

  test('reports log-probabilities on demand', async () => {
    const { providerMetadata } = await generateText({
      model: toAiSdk(bigram),
      prompt: 'hello',
      maxOutputTokens: 2,
      providerOptions: { lc: { logprobs: 1 } },
    })
    const logprobs = providerMetadata?.lc?.logprobs as { token: string; logprob: number; top: unknown[] }[]
    expect(logprobs).toHaveLength(2)
    expect(logprobs[0]?.logprob).toBeLessThan(0)
    expect(logprobs[0]?.top).toHaveLength(1)
  })

  test('reports what a cache policy left, and warns of one that the model refuses', async () => {
    const cache = { policy: 'snap-kv', tokens: 90, slots: 64, bytes: 65_536 }
    const policy = { name: 'snap-kv', budget: 64 }
    const call = { prompt: 'hello', maxOutputTokens: 2, providerOptions: { lc: { policy } } }
    const kept = await generateText({ ...call, model: toAiSdk(scriptedLanguageModel({ text: 'fine', cache })) })
    expect(kept.providerMetadata?.lc?.cache).toEqual(cache)
    const refused = await generateText({ ...call, model: toAiSdk(bigram) })
    expect(refused.warnings).toEqual([{ type: 'unsupported', feature: 'policy' }])
  })

  test('reads attached text, and refuses other files by their type', async () => {
    const model = scriptedLanguageModel({ text: 'fine' })
    const ask = (data: Uint8Array, mediaType: string) =>
      generateText({
        model: toAiSdk(model),
        maxRetries: 0,
        messages: [
          {
            role: 'user',
            content: [
              { type: 'file', data, mediaType, filename: 'a.md' },
              { type: 'text', text: 'Sum up.' },
            ],
          },
        ],
      })
    await ask(new TextEncoder().encode('# Title'), 'text/markdown')
    expect(model.requests[0]?.messages?.[0]?.content).toBe('a.md\n# Title\n\nSum up.')
    await expect(ask(new Uint8Array([1]), 'application/pdf')).rejects.toThrow(
      /cannot read a file of type application\/pdf/,
    )
  })

  test('an abort ends the call', async () => {
    const abortSignal = AbortSignal.abort('stop')
    await expect(generateText({ model: toAiSdk(bigram), prompt: 'hello', abortSignal })).rejects.toBe('stop')
  })
})

describe('streamText with a model of lc', () => {
  test('streams what generateText gives', async () => {
    const model = toAiSdk(bigram)
    const settings = { model, prompt: 'hello', maxOutputTokens: 8, temperature: 0 }
    const stream = streamText(settings)
    const deltas: string[] = []
    for await (const delta of stream.textStream) deltas.push(delta)
    const whole = await generateText(settings)
    expect(deltas.length).toBeGreaterThan(1)
    expect(deltas.join('')).toBe(whole.text)
    expect(await stream.usage).toMatchObject({ outputTokens: whole.usage.outputTokens })
    expect(await stream.finishReason).toBe(whole.finishReason)
  })

  test('brackets text and tool calls, and runs the tools', async () => {
    const model = scriptedLanguageModel(
      { text: 'Let me see.', toolCalls: [weatherCall], finishReason: 'tool-calls' },
      { text: '21 degrees.' },
    )
    const stream = streamText({
      model: toAiSdk(model),
      prompt: 'Weather?',
      tools: { weather },
      stopWhen: stepCountIs(3),
    })
    const kinds: string[] = []
    for await (const part of stream.fullStream) kinds.push(part.type)
    expect(kinds.join(' ').replace(/(text-delta ?)+/g, 'text-delta ')).toBe(
      'start start-step text-start text-delta text-end tool-input-start tool-input-delta tool-input-end tool-call ' +
        'tool-result finish-step start-step text-start text-delta text-end finish-step finish',
    )
    expect(await stream.text).toBe('21 degrees.')
  })

  test('streams structured output in parts', async () => {
    const model = scriptedLanguageModel({ text: '{"list": ["a", "b", "c"]}' })
    const stream = streamText({
      model: toAiSdk(model),
      prompt: 'List.',
      output: Output.object({ schema: z.object({ list: z.array(z.string()) }) }),
    })
    const partial: unknown[] = []
    for await (const part of stream.partialOutputStream) partial.push(part)
    expect(partial.length).toBeGreaterThan(1)
    expect(partial.at(-1)).toEqual({ list: ['a', 'b', 'c'] })
  })

  test('an abort in the middle ends the stream as aborted', async () => {
    const controller = new AbortController()
    const stream = streamText({
      model: toAiSdk(bigram),
      prompt: 'hello',
      temperature: 1,
      maxOutputTokens: 500,
      abortSignal: controller.signal,
    })
    const kinds: string[] = []
    for await (const part of stream.fullStream) {
      kinds.push(part.type)
      if (part.type === 'text-delta') controller.abort()
    }
    expect(kinds).toContain('abort')
    expect(kinds).not.toContain('finish')
  })

  test('a reader that cancels ends the work of the model', async () => {
    let ended = false
    const model = {
      ...scriptedLanguageModel({ text: '' }),
      async *stream() {
        try {
          for (;;) yield { type: 'text-delta' as const, text: 'x' }
        } finally {
          ended = true
        }
      },
    }
    const { stream } = await toAiSdk(model).doStream({ prompt: [{ role: 'user', content: [] }] })
    const reader = stream.getReader()
    await reader.read()
    await reader.cancel()
    expect(ended).toBe(true)
  })

  test('a failure in the middle is an error part', async () => {
    const failure = new DOMException('broken')
    const model = {
      ...scriptedLanguageModel({ text: '' }),
      async *stream() {
        yield { type: 'text-delta' as const, text: 'x' }
        throw failure
      },
    }
    const errors: unknown[] = []
    const stream = streamText({ model: toAiSdk(model), prompt: 'Hi', onError: ({ error }) => void errors.push(error) })
    await stream.consumeStream()
    expect(errors).toContain(failure)
  })
})

describe('toAiSdk', () => {
  test('reports version 3, or 4 when asked, and no other', () => {
    expect(toAiSdk(bigram).specificationVersion).toBe('v3')
    expect(toAiSdk(bigram, { specification: 'v4' }).specificationVersion).toBe('v4')
    expect(() => toAiSdk(bigram, { specification: 'v5' as 'v4' })).toThrow(/specification must be one of "v3", "v4"/)
  })

  test('continues a trailing assistant message', async () => {
    const model = scriptedLanguageModel({ text: ' three' })
    await toAiSdk(model).doGenerate({
      prompt: [
        { role: 'user', content: [{ type: 'text', text: 'Count.' }] },
        { role: 'assistant', content: [{ type: 'text', text: 'One, two,' }] },
      ],
    })
    expect(model.requests[0]?.continueFinalMessage).toBe(true)
  })

  test('warns of provider tools and of reasoning', async () => {
    const result = await toAiSdk(scriptedLanguageModel({ text: 'x' })).doGenerate({
      prompt: [],
      tools: [{ type: 'provider', name: 'search' }],
      reasoning: 'high',
    })
    expect(result.warnings.map((warning) => 'feature' in warning && warning.feature)).toEqual([
      'tool search',
      'reasoning',
    ])
  })

  test('reports tokens from the cache', async () => {
    const usage = { promptTokens: 10, completionTokens: 2, cachedTokens: 8 }
    const result = await toAiSdk(scriptedLanguageModel({ text: 'x', usage })).doGenerate({ prompt: [] })
    expect(result.usage.inputTokens).toEqual({ total: 10, noCache: 2, cacheRead: 8, cacheWrite: undefined })
  })
})

describe('embedderToAiSdk', () => {
  const embedder = hashingEmbedder({ dimensions: 16 })

  test('embed and embedMany give the vectors of the embedder', async () => {
    const model = embedderToAiSdk(embedder, { maxEmbeddingsPerCall: 2 })
    const values = ['one cat', 'two dogs', 'three birds']
    const { embeddings } = await embedMany({ model, values })
    expect(embeddings).toEqual((await embedder.embed(values)).map((vector) => Array.from(vector)))
    const { embedding } = await embed({ model, value: 'one cat' })
    expect(embedding).toEqual(embeddings[0])
  })

  test('passes the kind on, and warns of another dimension', async () => {
    const kinds: unknown[] = []
    const model = embedderToAiSdk({
      ...embedder,
      embed: (texts, options) => {
        kinds.push(options?.kind)
        return embedder.embed(texts)
      },
    })
    await embed({ model, value: 'x', providerOptions: { lc: { kind: 'query' } } })
    await embed({ model, value: 'x' })
    expect(kinds).toEqual(['query', 'document'])
    expect((await model.doEmbed({ values: [], dimensions: 8 })).warnings).toHaveLength(1)
    await expect(model.doEmbed({ values: [], providerOptions: { lc: { kind: 'title' } } })).rejects.toThrow(/lc\.kind/)
  })
})
