/** @file Options of a request are honoured or refused as a missing capability; none is silently ignored. */
import type { GenerateResult, LanguageModel } from '../capability/language-model.ts'
import { type LanguageModelCase, readStream } from './language-model-case.ts'
import { honouredOrRefused } from './suite-runner.ts'

/** Adds the tests of request options. */
export function testRequestOptions(options: LanguageModelCase, get: () => Promise<LanguageModel>): void {
  testStop(options, get)
  testSampling(options, get)
  testLogprobs(options, get)
  testStructure(options, get)
}

function testStop({ test, expect, request, repeats }: LanguageModelCase, get: () => Promise<LanguageModel>): void {
  if (repeats === 'unknown') return
  test('stop: the answer ends before the string, streamed or not', async () => {
    const model = await get()
    const { text } = await model.generate(request)
    const middle = Math.floor(text.length / 2)
    const stop = text.slice(middle, middle + 3)
    if (stop === '') return
    const expected = text.slice(0, text.indexOf(stop))
    const stopped = await honouredOrRefused(() => model.generate({ ...request, stop: [stop] }))
    if (!stopped) return
    expect(stopped.text).toBe(expected)
    expect(stopped.finishReason).toBe('stop')
    const parts = await readStream(model.stream({ ...request, stop: [stop] }))
    expect(parts.map((part) => (part.type === 'text-delta' ? part.text : '')).join('')).toBe(expected)
  })
}

function testSampling({ test, expect, request, repeats }: LanguageModelCase, get: () => Promise<LanguageModel>): void {
  test('n: as many answers as asked for, the first being the result', async () => {
    const model = await get()
    const result = await honouredOrRefused(() => model.generate({ ...request, n: 2, temperature: 1, seed: 5 }))
    if (!result) return
    expect(result.choices?.length).toBe(2)
    expect(result.choices?.[0]?.text).toBe(result.text)
  })

  if (repeats === 'always')
    test('seed: equal seeds give equal answers', async () => {
      const model = await get()
      const draw = (seed: number) => honouredOrRefused(() => model.generate({ ...request, temperature: 1.5, seed }))
      const [first, second] = [await draw(3), await draw(3)]
      expect(second?.text).toBe(first?.text)
    })

  test('topK 1 is greedy at any temperature', async () => {
    if (repeats === 'unknown') return
    const model = await get()
    const greedy = await model.generate(request)
    const top = await honouredOrRefused(() => model.generate({ ...request, temperature: 2, topK: 1, seed: 1 }))
    if (top) expect(top.text).toBe(greedy.text)
  })
}

function testLogprobs({ test, expect, request }: LanguageModelCase, get: () => Promise<LanguageModel>): void {
  test('logprobs: one for each token, the alternatives in order, the greedy choice first', async () => {
    const model = await get()
    const result: GenerateResult | undefined = await honouredOrRefused(() =>
      model.generate({ ...request, logprobs: 3 }),
    )
    if (!result) return
    expect(result.logprobs !== undefined, 'logprobs were asked for').toBe(true)
    if (result.ids) expect(result.logprobs?.length).toBe(result.ids.length)
    for (const { logprob, token, top = [] } of result.logprobs ?? []) {
      expect(logprob).toBeLessThanOrEqual(1e-4)
      expect(top.length).toBe(3)
      const values = top.map((each) => each.logprob)
      expect(values).toEqual([...values].sort((a, b) => b - a))
      expect(top[0]?.token).toBe(token)
      expect(values.reduce((sum, value) => sum + Math.exp(value), 0)).toBeLessThanOrEqual(1.001)
    }
  })
}

function testStructure({ test, expect, request }: LanguageModelCase, get: () => Promise<LanguageModel>): void {
  test('responseSchema: the answer is JSON that fits', async () => {
    const model = await get()
    const responseSchema = {
      type: 'object',
      properties: { done: { type: 'boolean' } },
      required: ['done'],
      additionalProperties: false,
    }
    const messages = [{ role: 'user' as const, content: 'Is water wet? Answer as JSON with the key "done".' }]
    const result = await honouredOrRefused(() =>
      model.generate({ messages, responseSchema, maxTokens: 64, temperature: 0 }),
    )
    if (!result) return
    const value = JSON.parse(result.text) as { done?: unknown }
    expect(Object.keys(value)).toEqual(['done'])
    expect(typeof value.done).toBe('boolean')
  })

  test('tools: calls name the tools that were given', async () => {
    const model = await get()
    const tools = [
      {
        name: 'get_weather',
        description: 'The weather in a city',
        parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
      },
    ]
    const messages = [{ role: 'user' as const, content: 'What is the weather in Berlin?' }]
    const result = await honouredOrRefused(() => model.generate({ messages, tools, maxTokens: request.maxTokens }))
    for (const call of result?.toolCalls ?? []) {
      expect(call.name).toBe('get_weather')
      expect(call.id.length).toBeGreaterThanOrEqual(1)
    }
  })

  test('continueFinalMessage: the answer continues the message', async () => {
    const model = await get()
    const messages = [
      { role: 'user' as const, content: 'Count to five.' },
      { role: 'assistant' as const, content: 'One, two,' },
    ]
    const result = await honouredOrRefused(() =>
      model.generate({ messages, continueFinalMessage: true, maxTokens: request.maxTokens, temperature: 0 }),
    )
    if (result) expect(result.text.startsWith('One, two,'), 'only what is new is returned').toBe(false)
  })
}
