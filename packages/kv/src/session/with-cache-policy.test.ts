import { fullCache, loadModel } from '@lc/core'
import { nodePlatform } from '@lc/core/node'
import { toAiSdk } from '@lc/model/ai-sdk'
import { openaiServer } from '@lc/model/openai-server'
import { afterAll, describe, expect, test } from 'vitest'
import { snapKv } from '../policies/snap-kv.ts'
import { readPolicy } from './read-policy.ts'
import { withCachePolicy } from './with-cache-policy.ts'

const { convertedWeights: _, ...platform } = nodePlatform({})
const device = await platform.openDevice({ kind: 'cpu', threads: 1 })
const folder = new URL('../../../core/fixtures/tiny-llama', import.meta.url).pathname
const plain = await loadModel({ folder }, { platform, device, accuracy: 'exact', contextLength: 512 })
afterAll(async () => {
  await plain.close()
  await device.close()
})

const prompt = 'The cat sat on the mat and the dog lay by the door. '.repeat(6)
const request = { prompt, maxTokens: 8, temperature: 0 }
const streaming = { name: 'streaming-llm', budget: 12 } as const

describe('a model with policies by name', () => {
  test.each([['streaming-llm'], ['snap-kv'], ['h2o'], ['tova'], ['kv-zip'], ['expected-attention']] as const)(
    '%s: generate, stream and score stay within the budget, as with the policy itself',
    async (name) => {
      const choice = { name, budget: 40 }
      const model = withCachePolicy(plain)
      const result = await model.generate({ ...request, policy: choice })
      expect(result.cache).toMatchObject({ tokens: expect.any(Number), slots: expect.any(Number) })
      expect(result.cache!.slots).toBeLessThanOrEqual(40 + request.maxTokens)
      expect(result.cache!.tokens).toBeGreaterThan(60)
      const direct = await plain.generate({ ...request, policy: readPolicy(choice) })
      expect(result.text).toBe(direct.text)
      let streamed = ''
      for await (const part of model.stream({ ...request, policy: choice })) {
        if (part.type === 'text-delta') streamed += part.text
        else if (part.type === 'finish') expect(part.cache).toEqual(result.cache)
      }
      expect(streamed).toBe(result.text)
      const texts = [{ context: prompt, continuation: ' The end.' }]
      const [scored] = await model.score(texts, { policy: choice })
      const [expected] = await plain.score(texts, { policy: readPolicy(choice) })
      expect(scored!.logprobs).toEqual(expected!.logprobs)
    },
  )

  test('its own policy is the default; full and others overrule it', async () => {
    const model = withCachePolicy(plain, streaming)
    const whole = await plain.generate(request)
    expect((await model.generate(request)).cache).toMatchObject({ policy: 'streaming-llm' })
    expect((await model.generate({ ...request, cacheKey: 'a' })).cache).toBeDefined()
    for (const policy of ['full', { name: 'full' }, fullCache])
      expect(await model.generate({ ...request, policy })).toMatchObject({ text: whole.text, usage: whole.usage })
    expect((await model.generate({ ...request, policy: 'full', cacheKey: 'a' })).cache).toBeUndefined()
    expect((await model.generate({ ...request, policy: { name: 'snap-kv', budget: '50%' } })).cache?.policy).toBe(
      'snap-kv',
    )
    await using session = model.session()
    expect(session.policy).toBe('streaming-llm')
    await using other = model.session({ policy: snapKv({ budget: 64 }) })
    expect(other.policy).toBe('snap-kv')
    // scores are of the whole cache unless they name a policy
    const texts = [{ context: prompt, continuation: ' The end.' }]
    expect((await model.score(texts))[0]!.logprobs).toEqual((await plain.score(texts))[0]!.logprobs)
  })

  test('a budget above the context is the whole cache', async () => {
    const model = withCachePolicy(plain, { name: 'snap-kv', budget: 100_000 })
    expect((await model.generate(request)).text).toBe((await plain.generate(request)).text)
  })

  test.each([
    [{ name: 'snapkv', budget: 64 }, 'invalid-argument', /"ada-kv", .*"tova"/],
    ['none', 'invalid-argument', /"ada-kv", .*"tova"/],
    [{ name: 'snap-kv', budget: 0 }, 'invalid-argument', /budget/],
    [{ name: 'snap-kv', budget: -5 }, 'invalid-argument', /budget/],
    [{ name: 'snap-kv', budget: 8 }, 'budget-too-small', /8/],
    [{ name: 'snap-kv' }, 'invalid-argument', /budget/],
    [{ budget: 8 }, 'invalid-argument', /policy\.name/],
    [7, 'invalid-argument', /policy/],
    [null, 'invalid-argument', /policy/],
  ])('%j is refused from every call, and when the model is made', async (policy, code, message) => {
    const model = withCachePolicy(plain)
    const failure = expect.objectContaining({ code, message: expect.stringMatching(message) })
    await expect(model.generate({ ...request, policy })).rejects.toEqual(failure)
    await expect(model.score([{ context: 'a', continuation: 'b' }], { policy })).rejects.toEqual(failure)
    const parts = model.stream({ ...request, policy })[Symbol.asyncIterator]()
    await expect(parts.next()).rejects.toEqual(failure)
    expect(() => withCachePolicy(plain, policy as never)).toThrow(failure)
  })
})

test('a server takes a default and a policy per request, and names what is wrong', async () => {
  const model = withCachePolicy(plain, streaming)
  const server = openaiServer({ models: { tiny: { languageModel: model, scorer: model } } })
  const post = async (body: object) => {
    const url = 'http://localhost/v1/completions'
    const headers = { 'content-type': 'application/json' }
    const init = { method: 'POST', headers, body: JSON.stringify({ prompt, max_tokens: 6, temperature: 0, ...body }) }
    const response = await server.handle(new Request(url, init))
    return { status: response.status, body: (await response.json()) as { choices: { text: string }[]; error: object } }
  }
  const text = async (body: object) => {
    const answer = await post(body)
    expect(answer.status, JSON.stringify(answer.body)).toBe(200)
    return answer.body.choices[0]!.text
  }
  const limit = { ...request, maxTokens: 6 }
  expect(await text({})).toBe((await model.generate(limit)).text)
  expect(await text({ policy: 'full' })).toBe((await plain.generate(limit)).text)
  const policy = { name: 'tova', budget: 16 }
  expect(await text({ policy })).toBe((await model.generate({ ...limit, policy })).text)
  for (const wrong of [
    { name: 'tovas', budget: 16 },
    { name: 'tova', budget: 0 },
    { name: 'snap-kv', budget: 3 },
  ]) {
    const answer = await post({ policy: wrong })
    expect(answer.status).toBe(400)
    expect(answer.body.error).toMatchObject({ type: 'invalid_request_error' })
  }
  const streamed = await post({ stream: true, policy: { name: 'tovas' } })
  expect(streamed.status).toBe(400)
  await server.close()
})

test('the AI SDK names a policy in its provider options, and hears what it left', async () => {
  const sdk = toAiSdk(withCachePolicy(plain))
  const call = {
    prompt: [{ role: 'user', content: [{ type: 'text', text: prompt }] }],
    maxOutputTokens: 6,
    temperature: 0,
  } as const
  const under = (policy: unknown) => sdk.doGenerate({ ...call, providerOptions: { lc: { policy } } })
  const { providerMetadata } = await under({ name: 'streaming-llm', budget: 20 })
  expect(providerMetadata?.lc.cache).toMatchObject({ policy: 'streaming-llm', slots: expect.any(Number) })
  expect((await sdk.doGenerate(call)).providerMetadata?.lc.cache).toBeUndefined()
  await expect(under({ name: 'streaming', budget: 20 })).rejects.toMatchObject({ code: 'invalid-argument' })
  await expect(under({ name: 'tova', budget: 0 })).rejects.toMatchObject({ code: 'invalid-argument' })
})
