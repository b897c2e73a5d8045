/** @file Kept sets against attention that is computed in one piece and reduced the slow way. */
import { type LocalModel, loadModel } from '@lc/core'
import { nodePlatform } from '@lc/core/node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { poolScores } from '../scorers/pool-scores.ts'
import { topSlots } from '../selectors/top-slots.ts'
import { h2o } from './h2o.ts'
import { snapKv } from './snap-kv.ts'
import { tova } from './tova.ts'

const { convertedWeights: _, ...platform } = nodePlatform({})
const device = await platform.openDevice({ kind: 'cpu', threads: 1 })
const folder = new URL('../../../core/fixtures/tiny-llama', import.meta.url).pathname
let model: LocalModel
/** `[L, H, T, T]` */
let attention: { shape: readonly number[]; data: Float32Array }
// more than a chunk of a prompt, so that observations are joined
const prompt = Array.from({ length: 600 }, (_, index) => 3 + ((index * 41 + (index >> 4) * 7) % 300))
beforeAll(async () => {
  model = await loadModel({ folder }, { platform, device, accuracy: 'exact', contextLength: 1024 })
  const all = { from: 0, to: prompt.length }
  attention = await model.attend({ input: prompt, queries: all, rows: 'each', heads: 'each' })
})
afterAll(async () => {
  await model.close()
  await device.close()
})

/** The sum over rows `[from, T)` and the heads given of the attention that each key drew. */
function sums(layer: number, heads: readonly number[], from: number): Float64Array {
  const [count, length] = [attention.shape[1]!, prompt.length]
  const result = new Float64Array(length)
  for (const head of heads)
    for (let row = from; row < length; row++)
      for (let key = 0; key < length; key++)
        result[key]! += attention.data[((layer * count + head) * length + row) * length + key]! / heads.length
  return result
}

async function keptBy(policy: ReturnType<typeof h2o>, layer: number, head: number): Promise<number[]> {
  const session = model.session({ policy, accuracy: 'exact' })
  await session.prefill(prompt)
  const kept = [...session.cache.positionsOf(layer, head).subarray(0, session.cache.lengthOf(layer, head))]
  await session.close()
  return kept
}

const groupOf = (head: number) => [2 * head, 2 * head + 1]
const last = (count: number) => Array.from({ length: count }, (_, index) => prompt.length - count + index)

test('H2O keeps the heaviest of all queries and the most recent', async () => {
  for (const [layer, head] of [
    [0, 0],
    [1, 1],
  ] as const) {
    const heavy = topSlots(Float32Array.from(sums(layer, groupOf(head), 0).subarray(0, -20)), 20)
    expect(await keptBy(h2o({ budget: 40 }), layer, head)).toEqual([...heavy, ...last(20)])
  }
})

test('SnapKV keeps what the last queries look at, pooled', async () => {
  for (const [layer, head] of [
    [0, 1],
    [1, 0],
  ] as const) {
    const scores = Float32Array.from(sums(layer, groupOf(head), prompt.length - 16).subarray(0, -16))
    const chosen = topSlots(poolScores(scores, { kind: 'average', kernel: 5 }), 24)
    expect(await keptBy(snapKv({ budget: 40, window: 16 }), layer, head)).toEqual([...chosen, ...last(16)])
  }
})

test('TOVA keeps what the last query of all heads looks at', async () => {
  const chosen = topSlots(Float32Array.from(sums(1, [0, 1, 2, 3], prompt.length - 1)), 40)
  expect(await keptBy(tova({ budget: 40 }), 1, 0)).toEqual([...chosen])
  expect(await keptBy(tova({ budget: 40 }), 1, 1)).toEqual([...chosen])
})
