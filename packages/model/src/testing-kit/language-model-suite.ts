/** @file What every `LanguageModel` must hold: streams equal results, limits hold, aborts arrive, nothing is ignored. */
import type { LanguageModel } from '../capability/language-model.ts'
import { type LanguageModelCase, type LanguageModelSuiteOptions, readStream } from './language-model-case.ts'
import { testRequestOptions } from './language-model-options-suite.ts'
import { createOnce, errorCodeOf, rejectionOf } from './suite-runner.ts'

/** Tests of a language model. */
export function languageModelSuite(given: LanguageModelSuiteOptions): void {
  const { prompt = 'The cat sat on the', maxTokens = 12, repeats = 'always', takesPrompt = true } = given
  const input = takesPrompt ? { prompt } : { messages: [{ role: 'user' as const, content: prompt }] }
  const options: LanguageModelCase = { ...given, repeats, request: { ...input, maxTokens, temperature: 0 } }
  const get = createOnce(options.create)
  options.describe(options.name ?? 'LanguageModel', () => {
    testResult(options, get)
    testStream(options, get)
    testAborts(options, get)
    testBadRequests(options, get)
    testRequestOptions(options, get)
  })
}

function testResult({ test, expect, request, repeats }: LanguageModelCase, get: () => Promise<LanguageModel>): void {
  test('has a name and a context length', async () => {
    const model = await get()
    expect(model.id.length).toBeGreaterThanOrEqual(1)
    const known = Number.isInteger(model.contextLength) || model.contextLength === Number.POSITIVE_INFINITY
    expect(known, 'an integer, or Infinity where it is not known').toBe(true)
    expect(model.contextLength).toBeGreaterThanOrEqual(1)
  })

  test('answers within maxTokens and tells the usage', async () => {
    const model = await get()
    const { usage, finishReason, text, ids } = await model.generate(request)
    expect(usage.completionTokens).toBeLessThanOrEqual(request.maxTokens)
    expect(usage.promptTokens).toBeGreaterThanOrEqual(1)
    expect(['stop', 'length'].includes(finishReason)).toBe(true)
    expect(typeof text).toBe('string')
    if (ids) expect(ids.length).toBeLessThanOrEqual(request.maxTokens)
    if (ids && model.tokenizer) expect(model.tokenizer.decode(ids)).toBe(text)
  })

  test('maxTokens 1 gives one token', async () => {
    const { usage } = await (await get()).generate({ ...request, maxTokens: 1 })
    expect(usage.completionTokens).toBeLessThanOrEqual(1)
  })

  test('answers a chat', async () => {
    const messages = [
      { role: 'system' as const, content: 'Answer briefly.' },
      { role: 'user' as const, content: 'Say hello.' },
    ]
    const result = await (await get()).generate({ messages, maxTokens: request.maxTokens, temperature: 0 })
    expect(result.usage.promptTokens).toBeGreaterThanOrEqual(2)
  })

  test('does not change the request', async () => {
    const before = structuredClone(request)
    await (await get()).generate(request)
    expect(request).toEqual(before)
  })

  if (repeats === 'always')
    test('greedy answers repeat, also side by side', async () => {
      const model = await get()
      const { text } = await model.generate(request)
      const others = await Promise.all([model.generate(request), model.generate(request)])
      expect(others.map((other) => other.text)).toEqual([text, text])
    })
}

function testStream({ test, expect, request, repeats }: LanguageModelCase, get: () => Promise<LanguageModel>): void {
  test('the streamed text is the generated text, and one finish comes last', async () => {
    const model = await get()
    const parts = await readStream(model.stream(request))
    const text = parts.map((part) => (part.type === 'text-delta' ? part.text : '')).join('')
    const finishes = parts.filter((part) => part.type === 'finish')
    expect(finishes.length).toBe(1)
    const last = parts.at(-1)
    expect(last?.type).toBe('finish')
    if (repeats === 'unknown' || last?.type !== 'finish') return
    const result = await model.generate(request)
    expect(text).toBe(result.text)
    expect(last.finishReason).toBe(result.finishReason)
    expect(last.usage.completionTokens).toBe(result.usage.completionTokens)
  })

  test('a reader may leave the loop; the next call works', async () => {
    const model = await get()
    for await (const _ of model.stream({ ...request, maxTokens: 64 })) break
    const { usage } = await model.generate(request)
    expect(usage.promptTokens).toBeGreaterThanOrEqual(1)
  })
}

function testAborts({ test, expect, request }: LanguageModelCase, get: () => Promise<LanguageModel>): void {
  const reason = { why: 'the user left' }

  test('a signal that has fired rejects with its own reason', async () => {
    const model = await get()
    const signal = AbortSignal.abort(reason)
    expect(await rejectionOf(() => model.generate({ ...request, signal }))).toBe(reason)
    expect(await rejectionOf(() => readStream(model.stream({ ...request, signal })))).toBe(reason)
  })

  test('an abort in the middle of a stream ends it with the reason, and the next call works', async () => {
    const model = await get()
    const controller = new AbortController()
    const read = async (): Promise<number> => {
      let parts = 0
      for await (const part of model.stream({ ...request, signal: controller.signal, maxTokens: 64 })) {
        parts++
        if (part.type === 'finish') return parts
        controller.abort(reason)
      }
      return parts
    }
    const thrown = await rejectionOf(read)
    expect(thrown).toBe(reason)
    expect((await model.generate(request)).usage.promptTokens).toBeGreaterThanOrEqual(1)
  })
}

function testBadRequests(options: LanguageModelCase, get: () => Promise<LanguageModel>): void {
  const { test, expect, refusesLongPrompts = true } = options
  test('exactly one of messages and prompt is taken', async () => {
    const model = await get()
    expect(await errorCodeOf(() => model.generate({}))).toBe('invalid-argument')
    const both = { prompt: 'a', messages: [{ role: 'user' as const, content: 'a' }] }
    expect(await errorCodeOf(() => model.generate(both))).toBe('invalid-argument')
    expect(await errorCodeOf(() => readStream(model.stream({})))).toBe('invalid-argument')
  })

  test('maxTokens must be a positive integer', async () => {
    const model = await get()
    for (const maxTokens of [0, -1, 1.5])
      expect(await errorCodeOf(() => model.generate({ ...options.request, maxTokens }))).toBe('invalid-argument')
  })

  if (refusesLongPrompts)
    test('a prompt longer than the context is a ContextLengthError', async () => {
      const model = await get()
      const content = ' word and'.repeat(model.contextLength)
      const input =
        options.request.prompt === undefined ? { messages: [{ role: 'user' as const, content }] } : { prompt: content }
      expect(await errorCodeOf(() => model.generate({ ...input, maxTokens: 1 }))).toBe('context-length')
    })
}
