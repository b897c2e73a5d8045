import { readFileSync } from 'node:fs'
import { loadModel } from '@lc/core'
import { PolicyPlanError } from '@lc/core/errors'
import { nodePlatform } from '@lc/core/node'
import { seededRandom } from '@lc/model'
import { largestDifference } from '@lc/model/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { type ConvolutionWeights, convolveSlots } from '../mergers/convolved-slots.ts'
import { loCoCo } from './lo-co-co.ts'

const expected = JSON.parse(readFileSync(new URL('../../fixtures/patterns/expected.json', import.meta.url), 'utf8'))
const { sizes, layer, loCoCo: statement } = expected
const { kvHeads, headDim } = sizes

function partOf(data: readonly number[], head: number): Float32Array {
  const size = data.length / kvHeads
  return Float32Array.from(data.slice(head * size, (head + 1) * size))
}

test('a head is compressed as the PyTorch statement does it', () => {
  const weights = {
    weight: Float32Array.from(statement.weight),
    bias: Float32Array.from(statement.bias),
    share: statement.share,
  }
  for (let head = 0; head < kvHeads; head++) {
    const [keys, values, scores] = [layer.keys, layer.values, statement.scores].map((data) => partOf(data, head))
    const slots = { headDim, keys: keys!, values: values!, scores: scores! }
    const { kept, written } = convolveSlots(slots, weights, statement.sizes)
    expect([...kept]).toEqual(statement.kept[head])
    expect(written.map(({ slot }) => slot)).toEqual(statement.slots[head])
    const all = (of: 'key' | 'value') => written.flatMap((own) => [...own[of]])
    expect(largestDifference(all('key'), partOf(statement.keys, head))).toBeLessThan(1e-5)
    expect(largestDifference(all('value'), partOf(statement.values, head))).toBeLessThan(1e-5)
  }
})

describe('on a tiny model', () => {
  const folder = new URL('../../../core/fixtures/tiny-llama', import.meta.url).pathname
  const prompt = Array.from({ length: 200 }, (_, index) => ((index * 37) % 300) + 3)
  const random = seededRandom(11)
  const weights: ConvolutionWeights[] = Array.from({ length: 2 }, () => ({
    weight: Float32Array.from({ length: 8 * 32 * 21 }, () => random() - 0.5),
    bias: Float32Array.from({ length: 8 }, () => random() - 0.5),
    share: 0.5,
  }))
  const opened = (async () =>
    loadModel(folder, { platform: await nodePlatform({ convertedWeights: 'none' }), device: 'cpu', threads: 1 }))()
  afterAll(async () => (await opened).close())

  const read = async (policy: ReturnType<typeof loCoCo>) => {
    await using session = (await opened).session({ policy, accuracy: 'exact' })
    const logits = await session.prefill(prompt)
    return { logits, after: await session.append([5]), slots: session.report().slots }
  }

  test('random weights leave as many slots as the budget, and finite logits', async () => {
    const { after, slots } = await read(loCoCo({ budget: 64, weights }))
    expect(slots).toEqual({ min: 66, mean: 66, max: 66 })
    expect(after.every(Number.isFinite)).toBe(true)
  })

  test('merging changes what follows; with no share it is eviction', async () => {
    const without = weights.map((own) => ({ ...own, share: 0 }))
    const [merged, evicted] = [
      await read(loCoCo({ budget: 64, weights })),
      await read(loCoCo({ budget: 64, weights: without })),
    ]
    expect(largestDifference(merged.after, evicted.after)).toBeGreaterThan(1e-4)
  })

  test('a budget for everything is the full cache, bit for bit', async () => {
    await using full = (await opened).session({ accuracy: 'exact' })
    await full.prefill(prompt)
    expect((await read(loCoCo({ budget: 200, weights }))).after).toEqual(await full.append([5]))
  })

  test('weights of another model are refused', async () => {
    const model = await opened
    expect(() => model.session({ policy: loCoCo({ budget: 64, weights: weights.slice(1) }) })).toThrow(PolicyPlanError)
  })

  test.each([
    ['budget', { budget: 0, weights }],
    ['weights', { budget: 64, weights: [] }],
    ['weights', { budget: 64 } as never],
    ['window', { budget: 64, weights, window: -1 }],
  ])('a wrong %s is named', (argument, options) => {
    expect(() => loCoCo(options)).toThrow(expect.objectContaining({ code: 'invalid-argument', argument }))
  })

  test('a budget that the window and the merged slots fill is refused', () => {
    expect(() => loCoCo({ budget: 24, weights })).toThrow(expect.objectContaining({ code: 'budget-too-small' }))
  })
})
