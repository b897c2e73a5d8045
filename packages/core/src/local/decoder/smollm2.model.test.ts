import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readFixtureJson } from '../../../fixtures/read-fixture.ts'
import { loadModel } from '../load-model.ts'
import type { LocalModel } from './local-model-interface.ts'

interface Recorded {
  readonly texts: readonly { name: string; ids: number[]; logprobs: number[]; nll: number }[]
  readonly chats: readonly {
    messages: { role: 'user'; content: string }[]
    promptIds: number[]
    ids: number[]
    text: string
    finishReason: 'stop' | 'length'
  }[]
}

const expected = readFixtureJson<Recorded>('smollm2-135m', 'expected.json')
let model: LocalModel
beforeAll(async () => {
  model = await loadModel('smollm2-135m', { device: 'cpu' })
})
afterAll(() => model?.close())

/** All but the first, which has nothing before it. */
const known = (values: ArrayLike<number>): number[] => Array.from(values).slice(1)
const meanNll = (values: readonly number[]): number => -values.reduce((sum, value) => sum + value, 0) / values.length

describe('SmolLM2-135M against transformers on the dequantised weights', () => {
  test.each(expected.texts)('$name: exact log-probabilities within 2e-3', async ({ ids, logprobs }) => {
    const [result] = await model.score([{ context: '', continuation: ids }])
    const own = known(result!.logprobs)
    const recorded = logprobs.slice(-own.length)
    expect(result!.accuracy).toBe('exact')
    expect(Math.max(...own.map((value, index) => Math.abs(value - recorded[index]!)))).toBeLessThan(2e-3)
  })

  test('fast scores have a mean within 1 % of exact over all texts', async () => {
    const requests = expected.texts.map(({ ids }) => ({ context: '', continuation: ids }))
    const means = []
    for (const accuracy of ['exact', 'fast'] as const) {
      const results = await model.score(requests, { accuracy })
      means.push(meanNll(results.flatMap((result) => known(result.logprobs))))
    }
    expect(Math.abs(means[1]! / means[0]! - 1)).toBeLessThan(0.01)
  })

  test.each(expected.chats)('$text: the same greedy text in exact', async (chat) => {
    const request = { messages: chat.messages, maxTokens: 48, temperature: 0, accuracy: 'exact' } as const
    const result = await model.generate(request)
    expect(result.usage.promptTokens).toBe(chat.promptIds.length)
    expect(Array.from(result.ids!)).toEqual(chat.ids)
    expect(result.text).toBe(chat.text)
    expect(result.finishReason).toBe(chat.finishReason)
  })

  test('a long prefix, prepared and chunked, scores as in one piece', async () => {
    const { ids } = expected.texts.find(({ name }) => name === 'long')!
    const [prefix, rest] = [ids.slice(0, 700), ids.slice(700)]
    const prepared = await model.prepare!(prefix)
    const [after] = await model.score([{ context: prepared, continuation: rest }])
    const [whole] = await model.score([{ context: prefix, continuation: rest }])
    await prepared.close()
    const difference = whole!.logprobs.map((value, index) => Math.abs(value - after!.logprobs[index]!))
    expect(Math.max(...difference)).toBeLessThan(1e-3)
  })
})
