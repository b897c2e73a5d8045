import { readFileSync } from 'node:fs'
import { nodeDevice } from '@lc/core/node'
import type { HostTensor, Tensor } from '@lc/core/runtime'
import { largestDifference } from '@lc/model/testing'
import { afterAll, expect, test } from 'vitest'
import { numbers, type OneLayer, oneLayerContext, runOneLayer } from '../testing-kit/one-layer.ts'
import { recycledAttention } from './recycled-attention.ts'

const expected = JSON.parse(readFileSync(new URL('../../fixtures/patterns/expected.json', import.meta.url), 'utf8'))
const layer: OneLayer = { ...expected.sizes, ...expected.layer }
const device = await nodeDevice({ kind: 'cpu', threads: 1 })
afterAll(() => device.close())

/** The cached token `slot` as the new one. */
function tokenAt(slot: number): Pick<OneLayer, 'key' | 'value'> {
  const { kvHeads, headDim, tokens } = layer
  const row = (data: ArrayLike<number>): number[] =>
    Array.from({ length: kvHeads * headDim }, (_, at) => {
      const [head, channel] = [Math.floor(at / headDim), at % headDim]
      return data[(head * tokens + slot) * headDim + channel]!
    })
  return { key: row(layer.keys), value: row(layer.values) }
}

test('notes, reads and lets go what the PyTorch statement does', async () => {
  const { budget, slots, output, kept } = expected.recycled
  const pattern = recycledAttention({ budget, stride: 100 })
  const cache = {}
  const last = layer.tokens - 1
  const first = oneLayerContext(layer, { length: last, cache })
  expect(pattern.variant!(first)).toBe('full')
  const outputs = await runOneLayer(device, pattern, { ...layer, ...tokenAt(last) }, first)
  pattern.observe!(first, outputs)

  const second = oneLayerContext(layer, { cache })
  expect(pattern.variant!(second)).toBe('recycled')
  expect(slotsFed(pattern.feed!(second))).toEqual(slots)
  const attended = await runOneLayer(device, pattern, layer, second)
  expect(largestDifference(numbers(attended.attended), output)).toBeLessThan(1e-5)
  pattern.observe!(second, attended)

  // one more token in the cache, whatever it is
  const third = { ...second, length: () => layer.tokens + 1, position: layer.tokens + 1 }
  expect(slotsFed(pattern.feed!(third))).toEqual(kept)
})

function slotsFed(feeds: Readonly<Record<string, Tensor>>): number[][] {
  const data = numbers(feeds['recycledSlots.0'] as HostTensor)
  const count = data.length / layer.kvHeads
  return Array.from({ length: layer.kvHeads }, (_, head) =>
    data.slice(head * count, (head + 1) * count).sort((left, right) => left - right),
  )
}

test('steps are full at multiples of the stride, after a prompt, and after a cut', () => {
  const pattern = recycledAttention({ budget: 8, stride: 10 })
  const cache = {}
  const at = (length: number) => oneLayerContext(layer, { length, cache })
  const kinds: (string | undefined)[] = []
  const step = (length: number): void => {
    const context = at(length)
    const kind = pattern.variant!(context)
    kinds.push(kind)
    const most = { dtype: 'int64', shape: [2, 8], data: new BigInt64Array(16) } as const
    pattern.observe!(context, {
      'mostSeen.0': most,
      'leastSeen.0': { ...most, shape: [2], data: new BigInt64Array(2) },
    })
  }
  for (const length of [5, 8, 18, 19, 20, 21, 15, 16]) step(length)
  expect(kinds).toEqual([undefined, undefined, 'full', 'recycled', 'full', 'recycled', 'full', 'recycled'])
  pattern.observe!({ ...at(17), mode: 'fused', tokens: 5 }, {})
  step(22)
  expect(kinds.at(-1)).toBe('full')
})

test.each([
  ['budget', { budget: 0 }],
  ['budget', { budget: '50%' as never }],
  ['stride', { budget: 16, stride: 0 }],
])('a wrong %s is named', (argument, options) => {
  expect(() => recycledAttention(options)).toThrow(expect.objectContaining({ code: 'invalid-argument', argument }))
})
