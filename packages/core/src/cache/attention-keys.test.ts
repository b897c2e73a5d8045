import { afterAll, expect, test } from 'vitest'
import { fixturePath, largestDifference } from '../../fixtures/read-fixture.ts'
import { loadModel } from '../local/load-model.ts'
import { nodePlatform } from '../node-platform/node-platform.ts'
import type { CachePolicy, Observations } from './cache-policy.ts'

const { convertedWeights: _, ...platform } = nodePlatform({})
const device = await platform.openDevice({ kind: 'cpu', threads: 1 })
const model = await loadModel({ folder: fixturePath('tiny-llama') }, { platform, device, accuracy: 'exact' })
afterAll(async () => {
  await model.close()
  await device.close()
})

test('attention over some keys is that over all, rescaled', async () => {
  const more = [9, 40, 7, 120]
  let observed: Observations | undefined
  const policy: CachePolicy = {
    id: 'test',
    triggers: [{ on: 'prefill-end' }],
    needs: () => [],
    start: () => ({
      act: async (event) => {
        const columns = { kind: 'attention-columns', id: 'some', queries: 'all', rows: 'max', heads: 'each' } as const
        const keys = [
          { from: 0, to: 2 },
          { from: 5, to: 9 },
          { from: 20, to: 24 },
        ]
        observed = await event.forward(more, [
          { ...columns, keys },
          { kind: 'attention-rows', id: 'rows', last: 4 },
        ])
        return []
      },
    }),
  }
  const session = model.session({ policy })
  await session.prefill(Array.from({ length: 20 }, (__, index) => 3 + ((index * 37) % 300)))
  const seen = (slot: number) => slot < 2 || (slot >= 5 && slot < 9) || slot >= 20
  for (const layer of [0, 1]) {
    const { shape, data } = observed!.rows('rows', layer)
    const [heads, rows, width] = shape as [number, number, number]
    for (let head = 0; head < heads; head++) {
      const largest = new Float32Array(24)
      for (let row = 0; row < rows; row++) {
        const own = Array.from(data.subarray((head * rows + row) * width, (head * rows + row) * width + 24))
        const total = own.reduce((sum, value, slot) => sum + (seen(slot) ? value : 0), 0)
        for (let slot = 0; slot < 24; slot++)
          largest[slot] = Math.max(largest[slot]!, seen(slot) ? own[slot]! / total : 0)
      }
      const columns = observed!.columns('some', layer)[head]!.subarray(0, 24)
      expect(largestDifference(columns, largest)).toBeLessThan(1e-5)
    }
  }
  await session.close()
})
