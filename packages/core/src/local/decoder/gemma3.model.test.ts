import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readFixtureJson } from '../../../fixtures/read-fixture.ts'
import { loadModel } from '../load-model.ts'
import type { LocalModel } from './local-model-interface.ts'

interface Recorded {
  readonly texts: readonly { name: string; ids: number[]; logprobs: number[] }[]
}

const expected = readFixtureJson<Recorded>('gemma3-270m', 'expected.json')
let model: LocalModel
beforeAll(async () => {
  model = await loadModel('gemma3-270m', { device: 'cpu' })
})
afterAll(() => model?.close())

describe('Gemma 3 270M (K-quants, sliding windows) against transformers on the dequantised weights', () => {
  test('log-probabilities differ by 2e-3 in the mean at most', async () => {
    const results = await model.score(expected.texts.map(({ ids }) => ({ context: '', continuation: ids })))
    const differences = expected.texts.flatMap(({ logprobs }, index) => {
      const own = Array.from(results[index]!.logprobs).slice(1)
      const recorded = logprobs.slice(-own.length)
      return own.map((value, at) => Math.abs(value - recorded[at]!))
    })
    const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length
    console.info(
      `Gemma 3 270M: mean difference ${mean.toExponential(2)}, largest ${Math.max(...differences).toExponential(2)}`,
    )
    expect(mean).toBeLessThan(2e-3)
  })

  test('fast stays within 1 % of the mean', async () => {
    const requests = expected.texts.map(({ ids }) => ({ context: '', continuation: ids }))
    const means = []
    for (const accuracy of ['exact', 'fast'] as const) {
      const results = await model.score(requests, { accuracy })
      const values = results.flatMap((result) => Array.from(result.logprobs).slice(1))
      means.push(values.reduce((sum, value) => sum + value, 0) / values.length)
    }
    console.info(`Gemma 3 270M: mean log-probability exact ${means[0]}, fast ${means[1]}`)
    expect(Math.abs(means[1]! / means[0]! - 1)).toBeLessThan(0.01)
  })

  test('generates what scoring finds most likely', async () => {
    const ids = expected.texts[0]!.ids.slice(0, 40)
    const prompt = model.tokenizer.decode(ids)
    const { ids: answer, usage } = await model.generate({ prompt, maxTokens: 4, temperature: 0, accuracy: 'exact' })
    const before = Array.from(model.tokenizer.encode(prompt, { special: 'model' }).ids)
    expect(usage.promptTokens).toBe(before.length)
    for (const [index, id] of Array.from(answer!).entries()) {
      const { data } = await model.logits({ input: [...before, ...answer!.slice(0, index)] })
      expect(data[id]).toBeGreaterThan(data.reduce((most, logit) => Math.max(most, logit)) - 1e-3)
    }
  })
})
