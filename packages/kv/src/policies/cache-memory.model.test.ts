/**
 * @file Memory of uneven budgets on SmolLM2-135M-Instruct: what is allocated against what the budget says, by the buffers of the cache
 * and by what the process holds.
 */
import { readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type CachePolicy, type KvCache, type LocalModel, loadModel } from '@lc/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CacheBudget } from '../policy/budget.ts'
import { adaKv } from './ada-kv.ts'
import { kvZip } from './kv-zip.ts'
import { pyramidKv } from './pyramid-kv.ts'
import { snapKv } from './snap-kv.ts'

const length = 1536
const policies: Readonly<Record<string, (budget: CacheBudget) => CachePolicy>> = {
  'snap-kv': (budget) => snapKv({ budget }),
  'pyramid-kv': (budget) => pyramidKv({ budget }),
  'ada-kv': (budget) => adaKv({ base: snapKv({ budget }) }),
  'kv-zip': (budget) => kvZip({ budget }),
}
// 64 numbers of key and value each; beside codes a scale each
const bytesOfSlot = { float32: 64 * 8, int8: 64 * 2 + 8 } as const

let model: LocalModel
let ids: Uint32Array
beforeAll(async () => {
  model = await loadModel('smollm2-135m', { device: 'cpu', accuracy: 'fast' })
  const text = ['CONTRIBUTING.md', 'docs/architecture.md']
    .map((file) => readFileSync(new URL(`../../../../${file}`, import.meta.url), 'utf8'))
    .join('\n')
  ids = model.tokenizer.encode(text).ids.slice(0, length)
  expect(ids.length).toBe(length)
})
afterAll(() => model?.close())

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Bytes of typed arrays that the process holds, once nothing more is let go. */
async function heldBytes(): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  // what a run used is let go some turns later
  for (let unchanged = 0; unchanged < 5; unchanged++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    collectGarbage()
    const held = process.memoryUsage().arrayBuffers
    if (held < least) unchanged = 0
    least = Math.min(least, held)
  }
  return least
}

/** The buffers themselves. */
function bufferBytes(cache: KvCache): number {
  let sum = 0
  for (let layer = 0; layer < cache.shape.layers; layer++)
    for (const { data } of Object.values(cache.layer(layer).tensors)) sum += data.buffer.byteLength
  return sum
}

describe('a budget of a quarter', () => {
  test.each(
    Object.keys(policies).flatMap((name) => [
      { name, cache: 'float32' as const },
      ...(name === 'ada-kv' ? [{ name, cache: 'int8' as const }] : []),
    ]),
  )('$name, $cache: the process holds within a tenth of what the budget says', async ({ name, cache }) => {
    const warm = model.session({ policy: policies[name]!('25%'), cache })
    await warm.prefill(ids.subarray(0, 160))
    await warm.close()
    const before = await heldBytes()
    const session = model.session({ policy: policies[name]!('25%'), cache })
    await session.prefill(ids)
    const { slots, bytes } = session.report()
    const { layers, kvHeads } = session.cache.shape
    const budget = Math.ceil(length / 4) * layers * kvHeads * bytesOfSlot[cache]
    const held = (await heldBytes()) - before
    console.info(
      `${name}, ${cache}: budget ${megabytes(budget)}, allocated ${megabytes(bytes.allocated)}, held ${megabytes(held)} MB`,
    )
    expect(slots.mean).toBeCloseTo(length / 4, 0)
    expect(bytes.allocated).toBe(bufferBytes(session.cache))
    expect(Math.abs(bytes.allocated / budget - 1)).toBeLessThan(0.1)
    // not the cache's: observed queries (2.2 MB of 32 tokens), logits, positions, biases
    expect(held).toBeLessThan(1.1 * budget + 4e6)
    // and so it stays while an answer grows
    await session.append(ids.subarray(0, 20))
    const after = session.report().bytes
    expect(after.allocated / after.used).toBeLessThan(1.1)
    await session.close()
  })
})

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}
