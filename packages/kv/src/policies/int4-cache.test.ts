/** @file Policies and sessions on the 4-bit cache: kept, rewritten, forked, taken back, saved. */
import { type CachePolicy, type CacheSession, type LocalModel, loadModel } from '@lc/core'
import { nodePlatform } from '@lc/core/node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { perHead } from '../policy/head-rows.ts'
import { adaKv } from './ada-kv.ts'
import { cam } from './cam.ts'
import { expectedAttention } from './expected-attention.ts'
import { h2o } from './h2o.ts'
import { keyDiff } from './key-diff.ts'
import { kvMerger } from './kv-merger.ts'
import { kvZip } from './kv-zip.ts'
import { laCache } from './la-cache.ts'
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

const prompt = Array.from({ length: 600 }, (_, index) => 3 + ((index * 37 + (index >> 3) * 11) % 300))
const next = [7, 99, 250]
const budget = 240
const base = snapKv({ budget, window: 8 })
const policies: Readonly<Record<string, CachePolicy | undefined>> = {
  full: undefined,
  'streaming-llm': streamingLlm({ budget }),
  'streaming-llm, renumbered': streamingLlm({ budget, positions: 'slots' }),
  'la-cache': laCache({ budget }),
  'snap-kv': base,
  'ada-kv': adaKv({ base }),
  'expected-attention': expectedAttention({ budget }),
  'key-diff': keyDiff({ budget }),
  'kv-zip': kvZip({ budget }),
  h2o: h2o({ budget }),
  tova: tova({ budget }),
  cam: cam({ base }),
  'kv-merger': kvMerger({ budget }),
}

async function sessionOf(policy: CachePolicy | undefined, cache: 'float32' | 'int4' = 'int4'): Promise<CacheSession> {
  const session = model.session({ cache, ...(policy && { policy }) })
  await session.prefill(prompt)
  return session
}

describe.each(Object.entries(policies))('%s', (_, policy) => {
  test('takes less memory, and tells how much', async () => {
    const [plain, codes] = [await sessionOf(policy, 'float32'), await sessionOf(policy)]
    expect(codes.report().slots.mean).toBeCloseTo(plain.report().slots.mean, 0)
    const { used, allocated } = codes.report().bytes
    expect(used).toBeLessThan(plain.report().bytes.used)
    expect(used).toBe(
      codes
        .report()
        .heads.flat()
        .reduce((sum, { bytes }) => sum + bytes, 0),
    )
    expect(allocated).toBeGreaterThanOrEqual(used)
    await plain.close()
    await codes.close()
  })

  test('a session that was saved goes on bit for bit, also after more blocks were closed', async () => {
    const session = await sessionOf(policy)
    const bytes = await session.save()
    const restored = model.session({ cache: 'int4', ...(policy && { policy }) })
    await restored.restore(bytes)
    const more = Array.from({ length: 70 }, (_, index) => 3 + ((index * 17) % 200))
    expect(await restored.append(more)).toEqual(await session.append(more))
    expect(await restored.prefill(prompt.slice(0, 90))).toEqual(await session.prefill(prompt.slice(0, 90)))
    await session.close()
    await restored.close()
  })

  test('forks and marks are independent', async () => {
    const session = await sessionOf(policy)
    const fork = session.fork()
    await fork.append([...next, ...next, ...next])
    const mark = session.mark()
    const first = await session.append(next)
    if (policy === undefined || policy === base) {
      await session.truncate(mark)
      expect(await session.append(next)).toEqual(first)
    }
    const again = session.fork()
    const many = Array.from({ length: 80 }, (_, index) => 5 + index)
    expect(await again.append(many)).toEqual(await session.append(many))
    for (const each of [session, fork, again]) await each.close()
  })
})

// what a policy chooses depends on what it sees, which is rounded: choices of nearly equal scores differ on a random model
test.each(['snap-kv', 'ada-kv', 'expected-attention', 'key-diff', 'kv-zip'])(
  '%s: goes on near a float32 cache that hides what is gone',
  async (name) => {
    const codes = await sessionOf(policies[name])
    const plain = await sessionOf(undefined, 'float32')
    const slots = perHead(codes.cache, (layer, head) =>
      codes.cache.positionsOf(layer, head).slice(0, codes.cache.lengthOf(layer, head)),
    )
    await plain.edit([{ type: 'mask', choice: { scope: 'head', slots } }])
    const [found, expected] = [await codes.append(next), await plain.append(next)]
    expect(relativeError(found, expected)).toBeLessThan(0.15)
    await plain.close()
    await codes.close()
  },
)

test.each(['full', 'streaming-llm', 'streaming-llm, renumbered', 'la-cache'])(
  '%s: goes on near the float32 cache',
  async (name) => {
    const [plain, codes] = [await sessionOf(policies[name], 'float32'), await sessionOf(policies[name])]
    const [found, expected] = [await codes.append([...next, ...next]), await plain.append([...next, ...next])]
    expect(relativeError(found, expected)).toBeLessThan(0.15)
    await plain.close()
    await codes.close()
  },
)

test('a float32 file cannot be taken for a 4-bit one: the session has the precision of the file', async () => {
  const session = await sessionOf(undefined, 'float32')
  const other = model.session({ cache: 'int4' })
  await other.restore(await session.save())
  expect(other.cache.format).toBe('float32')
  expect(await other.append(next)).toEqual(await session.append(next))
  await session.close()
  await other.close()
})

test('a file takes what the cache takes', async () => {
  const sizes: number[] = []
  for (const cache of ['float32', 'int4'] as const) {
    const session = model.session({ cache, policy: streamingLlm({ budget: 900 }) })
    await session.prefill([...prompt, ...prompt.slice(0, 300)])
    sizes.push((await session.save()).length)
    await session.close()
  }

  expect(sizes[1]! / sizes[0]!).toBeLessThan(0.4)
})

function relativeError(actual: Float32Array, expected: Float32Array): number {
  let [difference, size] = [0, 0]
  for (const [index, value] of expected.entries()) {
    difference += (actual[index]! - value) ** 2
    size += value ** 2
  }
  return Math.sqrt(difference / size)
}
