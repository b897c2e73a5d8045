/** @file Policies on the 8-bit cache: they read, move and rewrite codes as they do numbers. */
import { type CachePolicy, type CacheSession, type LocalModel, loadModel } from '@lc/core'
import { nodePlatform } from '@lc/core/node'
import { largestDifference } from '@lc/model/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { meanLength, perHead } from '../policy/head-rows.ts'
import { adaKv } from './ada-kv.ts'
import { cam } from './cam.ts'
import { expectedAttention } from './expected-attention.ts'
import { h2o } from './h2o.ts'
import { keyDiff } from './key-diff.ts'
import { kvMerger } from './kv-merger.ts'
import { kvZip } from './kv-zip.ts'
import { laCache } from './la-cache.ts'
import { pyramidKv } from './pyramid-kv.ts'
import { snapKv } from './snap-kv.ts'
import { streamingLlm } from './streaming-llm.ts'
import { tova } from './tova.ts'

const { convertedWeights: _, ...platform } = nodePlatform({})
const folder = new URL('../../../core/fixtures/tiny-llama', import.meta.url).pathname
let model: LocalModel
beforeAll(async () => {
  model = await loadModel({ folder }, { platform, device: 'cpu', threads: 1, accuracy: 'exact', contextLength: 1024 })
})
afterAll(() => model?.close())

const prompt = Array.from({ length: 200 }, (_, index) => 3 + ((index * 37 + (index >> 3) * 11) % 300))
const next = [7, 99, 250]
const budget = 64
const base = snapKv({ budget, window: 8 })
const removing: Readonly<Record<string, CachePolicy>> = {
  'snap-kv': base,
  'pyramid-kv': pyramidKv({ budget, window: 8 }),
  'ada-kv': adaKv({ base }),
  'expected-attention': expectedAttention({ budget }),
  'key-diff': keyDiff({ budget }),
  'kv-zip': kvZip({ budget }),
}
const rewriting: Readonly<Record<string, CachePolicy>> = {
  'streaming-llm': streamingLlm({ budget }),
  'la-cache': laCache({ budget }),
  h2o: h2o({ budget }),
  tova: tova({ budget }),
  cam: cam({ base }),
  'kv-merger': kvMerger({ budget }),
}

/** A session of the full 8-bit cache that hides what another does not hold. */
async function hiding(session: CacheSession): Promise<CacheSession> {
  const masked = model.session({ cache: 'int8' })
  await masked.prefill(prompt)
  const slots = perHead(session.cache, (layer, head) =>
    session.cache.positionsOf(layer, head).slice(0, session.cache.lengthOf(layer, head)),
  )
  await masked.edit([{ type: 'mask', choice: { scope: 'head', slots } }])
  return masked
}

describe('on the 8-bit cache', () => {
  test.each(Object.entries(removing))('%s: what is gone is as if it were hidden', async (_, policy) => {
    const session = model.session({ policy, cache: 'int8' })
    await session.prefill(prompt)
    expect(meanLength(session.cache)).toBeLessThanOrEqual(budget)
    const masked = await hiding(session)
    expect(largestDifference(await session.append(next), await masked.append(next))).toBeLessThan(2e-3)
    await session.close()
    await masked.close()
  })

  test.each(Object.entries(rewriting))('%s: goes on near the float32 cache', async (_, policy) => {
    const logits: Float32Array[] = []
    for (const cache of ['float32', 'int8'] as const) {
      const session = model.session({ policy, cache })
      await session.prefill(prompt)
      for (const id of [...next, ...next]) logits.push(await session.append([id]))
      expect(session.report().slots.max).toBeLessThanOrEqual(budget + 2 * next.length)
      await session.close()
    }
    const [plain, codes] = [logits[2 * next.length - 1]!, logits.at(-1)!]
    expect(codes.every(Number.isFinite)).toBe(true)
    // slots of nearly equal scores may be chosen differently
    expect(relativeError(codes, plain)).toBeLessThan(0.2)
  })

  test('a pattern that reads float32 keys refuses it', async () => {
    const { quest } = await import('../patterns/quest.ts')
    const other = await loadModel({ folder }, { platform, device: 'cpu', threads: 1, attention: quest({ budget: 64 }) })
    expect(() => other.session({ cache: 'int8' })).toThrow(expect.objectContaining({ code: 'policy-plan' }))
    await other.close()
  })

  test('other formats are refused', () => {
    expect(() => model.session({ cache: 'int5' as never })).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })
})

function relativeError(actual: Float32Array, expected: Float32Array): number {
  let [difference, size] = [0, 0]
  for (const [index, value] of expected.entries()) {
    difference += (actual[index]! - value) ** 2
    size += value ** 2
  }
  return Math.sqrt(difference / size)
}
