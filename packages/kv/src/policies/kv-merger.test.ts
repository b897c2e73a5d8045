import { type CacheSession, loadModel } from '@lc/core'
import { nodePlatform } from '@lc/core/node'
import { largestDifference } from '@lc/model/testing'
import { afterAll, expect, test } from 'vitest'
import { kvMerger } from './kv-merger.ts'

const { convertedWeights: _, ...platform } = nodePlatform({})
const device = await platform.openDevice({ kind: 'cpu', threads: 1 })
const folder = new URL('../../../core/fixtures/tiny-llama', import.meta.url).pathname
const model = await loadModel({ folder }, { platform, device, accuracy: 'exact' })
afterAll(async () => {
  await model.close()
  await device.close()
})

const prompt = Array.from({ length: 30 }, (__, index) => 3 + ((index * 37) % 300))

/** Gives slot 6 of every head the key of slot 5. */
async function twinKeys(session: CacheSession): Promise<void> {
  const { layers, kvHeads } = session.cache.shape
  for (let layer = 0; layer < layers; layer++)
    for (let head = 0; head < kvHeads; head++) {
      const key = session.cache.layer(layer).keyAt(head, 5)
      await session.edit([{ type: 'write', layer, head, slot: 6, key }])
    }
}

/** Logits after the twins were merged, by a budget one slot too small, and without merging. */
async function afterMerging(massBias: boolean) {
  const options = { budget: prompt.length, sinks: 2, window: 4, heavyShare: 0, every: 1, massBias }
  const merged = model.session({ policy: kvMerger(options) })
  const full = model.session()
  for (const session of [merged, full]) {
    await session.prefill(prompt)
    await twinKeys(session)
    await session.append([9])
  }
  expect(merged.report().slots).toEqual({ min: 30, mean: 30, max: 30 })
  expect(
    [...merged.cache.positionsOf(1, 1).subarray(0, 30)].filter((position) => position === 5 || position === 6),
  ).toHaveLength(1)
  const difference = largestDifference(await merged.append([40]), await full.append([40]))
  await merged.close()
  await full.close()
  return difference
}

test('slots with the same key are merged without a trace when their mass is kept, and with one otherwise', async () => {
  expect(await afterMerging(true)).toBeLessThan(1e-4)
  expect(await afterMerging(false)).toBeGreaterThan(1e-3)
})
