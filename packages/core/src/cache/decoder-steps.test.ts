/** @file What a step must not do: wait for copies of a cache that was just cut, or lose outputs of single layers. */
import { afterAll, describe, expect, test } from 'vitest'
import { openFixtureRunner } from '../../fixtures/open-fixture-runner.ts'
import { largestDifference } from '../../fixtures/read-fixture.ts'
import { nodeDevice } from '../node-platform/node-device.ts'
import { cacheFormats } from './cache-format.ts'
import type { DecoderRunner } from './decoder-runner.ts'
import type { KvCache } from './kv-cache.ts'

const device = await nodeDevice({ kind: 'cpu', threads: 1 })
const open: { close(): Promise<void> }[] = []
afterAll(async () => {
  for (const each of open.reverse()) await each.close()
  await device.close()
})

const prompt = Array.from({ length: 1000 }, (_, index) => (index * 7 + 3) % 50)

const openRunner = (folder: string): Promise<DecoderRunner> => openFixtureRunner(folder, device, open)

async function feed(runner: DecoderRunner, cache: KvCache, ids: readonly number[]): Promise<void> {
  const request = { cache, accuracy: 'exact', ropes: runner.ropes.forLength(prompt.length) } as const
  for (let start = 0; start < ids.length; start += 250)
    await runner.runChunk({ ...request, ids: ids.slice(start, start + 250) })
}

describe('a step', () => {
  test.each(cacheFormats)(
    'after a cut, %s: tokens of a sixteenth of what is kept need no other arrays',
    async (format) => {
      const runner = await openRunner('tiny-llama')
      const cache = runner.createCache(0, undefined, format)
      await feed(runner, cache, prompt)
      const { layers, kvHeads } = cache.shape
      for (let layer = 0; layer < layers; layer++)
        for (let head = 0; head < kvHeads; head++)
          cache.keep(
            layer,
            head,
            Array.from({ length: 480 }, (_, index) => 2 * index + ((layer + head) % 2)),
          )
      cache.shrink()
      const arrays = Array.from({ length: layers }, (_, layer) => cache.layer(layer))
      const ropes = runner.ropes.forLength(prompt.length)
      for (let step = 0; step < 30; step++) await runner.runStep({ cache, ids: [5], accuracy: 'exact', ropes })
      expect(cache.lengthOf(0, 0)).toBe(510)
      expect(arrays.map((layer, index) => layer === cache.layer(index))).toEqual(arrays.map(() => true))
      // room in proportion, not for the prompt
      expect(cache.capacity).toBeLessThanOrEqual(480 * (1 + 1 / 16) + 16)
    },
  )

  test('after a prompt that room was reserved for, neither', async () => {
    const runner = await openRunner('tiny-llama')
    const cache = runner.createCache()
    cache.reserve(prompt.length)
    const first = cache.layer(0)
    await feed(runner, cache, prompt)
    const ropes = runner.ropes.forLength(2 * prompt.length)
    for (let step = 0; step < 60; step++) await runner.runStep({ cache, ids: [5], accuracy: 'exact', ropes })
    expect(cache.layer(0)).toBe(first)
    expect(cache.capacity).toBeLessThanOrEqual(prompt.length * (1 + 1 / 16) + 16)
  })

  test.each(['tiny-llama', 'tiny-gemma3', 'tiny-qwen3', 'tiny-smollm3'])(
    '%s: gives of each layer what a chunk of one token gives',
    async (folder) => {
      const runner = await openRunner(folder)
      const [ofStep, ofChunk] = [runner.createCache(), runner.createCache()]
      for (const cache of [ofStep, ofChunk]) await feed(runner, cache, prompt.slice(0, 20))
      const fetches = runner.config.layers.flatMap((_, layer) =>
        ['query', 'key', 'value', 'stream'].map((kind) => `${kind}.${layer}`),
      )
      const ropes = runner.ropes.forLength(prompt.length)
      const request = { ids: [9], accuracy: 'exact', ropes, fetches } as const
      const step = await runner.runStep({ ...request, cache: ofStep })
      const chunk = await runner.runChunk({ ...request, cache: ofChunk })
      for (const name of fetches) {
        const [found, expected] = [step[name]!.data as Float32Array, chunk[name]!.data as Float32Array]
        expect(found.length).toBe(expected.length)
        expect(largestDifference(found, expected)).toBeLessThan(1e-4)
      }
    },
  )
})
