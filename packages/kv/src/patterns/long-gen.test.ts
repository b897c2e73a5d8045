import { type AttentionPattern, loadModel } from '@lc/core'
import { nodePlatform } from '@lc/core/node'
import { largestDifference } from '@lc/model/testing'
import { expect, test } from 'vitest'
import { longGen } from './long-gen.ts'

const folder = new URL('../../../core/fixtures/tiny-llama', import.meta.url).pathname
const platform = await nodePlatform({ convertedWeights: 'none' })
const ids = Array.from({ length: 700 }, (_, index) => ((index * index * 37) % 300) + 3)

async function read(attention: AttentionPattern) {
  const options = { platform, device: 'cpu', threads: 1, contextLength: 2048, attention } as const
  await using model = await loadModel(folder, options)
  const { data } = await model.hidden({ input: ids, layers: [2] })
  await using session = model.session({ accuracy: 'exact' })
  const logits = [await session.prefill(ids)]
  for (const id of [5, 6, 7]) logits.push(await session.append([id]))
  return { data, logits }
}

test.each([[[0]], [[1]], [[]]])(
  'with full layers %j it is a mask by layer, in prompts and in steps',
  async (fullLayers) => {
    const [sink, window] = [7, 60]
    const own = await read(longGen({ budget: sink + window, sink, fullLayers }))
    const masked = await read({
      id: 'masked',
      prefill: 'open',
      visible: (query, key, layer) => fullLayers.includes(layer as never) || key < sink || query - key < window,
    })
    expect(largestDifference(own.data, masked.data)).toBeLessThan(1e-4)
    for (const [index, row] of own.logits.entries())
      expect(largestDifference(row, masked.logits[index]!)).toBeLessThan(1e-4)
  },
)

test('the middle third of the layers is full where none are named', () => {
  const { id } = longGen({ budget: 64 })
  expect(id).toBe('long-gen(4, 60, middle)')
})

test.each([
  ['budget', { budget: 0 }],
  ['sink', { budget: 64, sink: -1 }],
  ['fullLayers', { budget: 64, fullLayers: [-1] }],
])('a wrong %s is named', (argument, options) => {
  expect(() => longGen(options)).toThrow(expect.objectContaining({ code: 'invalid-argument', argument }))
})

test('a budget that the first tokens fill is refused', () => {
  expect(() => longGen({ budget: 4 })).toThrow(expect.objectContaining({ code: 'budget-too-small' }))
})
