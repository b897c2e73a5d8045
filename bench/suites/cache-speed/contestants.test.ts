import { type LocalModel, loadModel } from '@lc/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { measureContinuation } from '../cache-quality/continuation.ts'
import { speedContenders, speedPolicies } from './contestants.ts'

let model: LocalModel
beforeAll(async () => {
  model = await loadModel(new URL('../../../packages/core/fixtures/tiny-llama', import.meta.url).pathname, {
    device: 'cpu',
  })
})
afterAll(() => model?.close())

test('every policy keeps its share of the prompt, and the texts that follow differ from the full cache', async () => {
  const ids = Uint32Array.from({ length: 240 }, (_, index) => ((index * 37) % 300) + 3)
  const contenders = speedContenders(speedPolicies, [0.5, 0.25])
  const text = { name: 'made up', kind: 'prose', ids } as const
  const records = await measureContinuation(model, text, { length: 160, contenders, accuracy: 'exact' })
  expect(records).toHaveLength(1 + contenders.length)
  for (const { policy, share, slots, divergence } of records) {
    expect([policy, slots]).toEqual([policy, 160 * share])
    if (share < 1) expect(divergence).toBeGreaterThan(1e-6)
  }
})
