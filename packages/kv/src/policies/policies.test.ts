import { type LocalModel, loadModel } from '@lc/core'
import { nodePlatform } from '@lc/core/node'
import { afterAll, describe, expect, test } from 'vitest'
import { type CachePolicySuiteOptions, cachePolicySuite } from '../testing-kit/cache-policy-suite.ts'
import { adaKv } from './ada-kv.ts'
import { cam } from './cam.ts'
import { chunkKv } from './chunk-kv.ts'
import { cur } from './cur.ts'
import { duoAttention } from './duo-attention.ts'
import { expectedAttention } from './expected-attention.ts'
import { finch } from './finch.ts'
import { h2o } from './h2o.ts'
import { keyDiff } from './key-diff.ts'
import { keyNorm } from './key-norm.ts'
import { kvMerger } from './kv-merger.ts'
import { kvZip } from './kv-zip.ts'
import { laCache } from './la-cache.ts'
import { lagKv } from './lag-kv.ts'
import { lookM } from './look-m.ts'
import { pyramidKv } from './pyramid-kv.ts'
import { randomSlots } from './random-slots.ts'
import { snapKv } from './snap-kv.ts'
import { specKv } from './spec-kv.ts'
import { streamingLlm } from './streaming-llm.ts'
import { tova } from './tova.ts'
import { valueMerge } from './value-merge.ts'

const { convertedWeights: _, ...platform } = nodePlatform({})
const device = await platform.openDevice({ kind: 'cpu', threads: 1 })
let opened: Promise<LocalModel> | undefined
const folder = new URL('../../../core/fixtures/tiny-llama', import.meta.url).pathname
const model = () => (opened ??= loadModel({ folder }, { platform, device, accuracy: 'exact', contextLength: 1024 }))
afterAll(async () => {
  await (await opened)?.close()
  await device.close()
})

const prompt = Array.from({ length: 300 }, (_, index) => 3 + ((index * 37 + (index >> 3) * 11) % 300))
const next = [7, 99, 250, 31, 8, 120, 64]
const base = (budget: number) => snapKv({ budget, window: 8 })

type Case = Omit<CachePolicySuiteOptions, 'describe' | 'test' | 'expect' | 'model' | 'prompt' | 'next'>
const cases: readonly Case[] = [
  {
    name: 'streaming-llm',
    policy: (budget) => streamingLlm({ budget }),
    steps: true,
    sinks: 4,
    rewrites: true,
    fullest: 1,
  },
  {
    name: 'streaming-llm in blocks',
    policy: (budget) => streamingLlm({ budget, block: 5 }),
    steps: true,
    sinks: 4,
    rewrites: true,
    slack: 4,
    fullest: 1,
  },
  {
    name: 'streaming-llm in original positions',
    policy: (budget) => streamingLlm({ budget, positions: 'original' }),
    steps: true,
    sinks: 4,
    window: 20,
    fullest: 1,
  },
  { name: 'random', policy: (budget) => randomSlots({ budget, sinks: 4, window: 4 }), sinks: 4, window: 4, fullest: 1 },
  { name: 'random, again and again', policy: (budget) => randomSlots({ budget, every: 1 }), steps: true, fullest: 1 },
  {
    name: 'la-cache',
    policy: (budget) => laCache({ budget, span: 1 }),
    steps: true,
    sinks: 4,
    rewrites: true,
    slack: 4,
    excess: 1,
    fullest: 1,
  },
  { name: 'h2o', policy: (budget) => h2o({ budget }), steps: true, window: 12, fullest: 1 },
  {
    name: 'h2o by means',
    policy: (budget) => h2o({ budget, accumulate: 'mean' }),
    steps: true,
    window: 12,
    fullest: 1,
  },
  { name: 'tova', policy: (budget) => tova({ budget }), steps: true, fullest: 1 },
  { name: 'snap-kv', policy: base, window: 8, fullest: 1 },
  {
    name: 'snap-kv in chunks',
    policy: (budget) => snapKv({ budget, window: 8, prompt: 'chunks' }),
    // the last token of a prompt already sees what was kept
    rewrites: true,
    fullest: 1,
  },
  { name: 'finch', policy: (budget) => finch({ budget, window: 8 }), window: 8, rewrites: true, fullest: 1 },
  {
    name: 'finch in original positions',
    policy: (budget) => finch({ budget, window: 8, positions: 'original' }),
    window: 8,
    fullest: 1,
  },
  {
    name: 'spec-kv',
    policy: (budget) => specKv({ budget, window: 8, lookahead: { ids: [9, 8, 7] } }),
    window: 8,
    fullest: 1,
  },
  { name: 'pyramid-kv', policy: (budget) => pyramidKv({ budget, window: 8 }), window: 8, fullest: 2 },
  { name: 'ada-kv', policy: (budget) => adaKv({ base: base(budget) }), window: 8, fullest: 2 },
  {
    name: 'ada-kv over pyramid-kv',
    policy: (budget) => adaKv({ base: pyramidKv({ budget, window: 8 }) }),
    window: 8,
    fullest: 4,
  },
  { name: 'chunk-kv', policy: (budget) => chunkKv({ base: base(budget) }), window: 8, slack: 9, fullest: 1 },
  { name: 'key-diff', policy: (budget) => keyDiff({ budget }), fullest: 1 },
  { name: 'key-norm', policy: (budget) => keyNorm({ budget, sinks: 2, every: 1 }), sinks: 2, steps: true, fullest: 1 },
  { name: 'lag-kv', policy: (budget) => lagKv({ budget, partition: 16 }), sinks: 4, fullest: 1 },
  { name: 'cur', policy: (budget) => cur({ budget }), sinks: 4, fullest: 1 },
  { name: 'expected-attention', policy: (budget) => expectedAttention({ budget }), sinks: 4, fullest: 1 },
  {
    name: 'ada-kv over expected-attention',
    policy: (budget) => adaKv({ base: expectedAttention({ budget, epsilon: 0.01 }) }),
    sinks: 4,
    fullest: 2,
  },
  { name: 'kv-zip', policy: (budget) => kvZip({ budget, chunk: 128 }), sinks: 4, fullest: 4 },
  {
    name: 'kv-zip, window',
    policy: (budget) => kvZip({ budget, chunk: 128, window: 8 }),
    sinks: 4,
    window: 8,
    fullest: 4,
  },
  {
    name: 'value-merge',
    policy: (budget) => valueMerge({ base: base(budget) }),
    window: 8,
    rewrites: true,
    fullest: 1,
  },
  {
    name: 'look-m',
    policy: (budget) => lookM({ base: h2o({ budget }), prefer: (position) => position % 50 === 0 }),
    steps: true,
    rewrites: true,
    fullest: 1,
  },
  {
    name: 'cam',
    policy: (budget) => cam({ base: h2o({ budget }), spread: 'drawn' }),
    steps: true,
    window: 12,
    fullest: 1,
  },
  {
    name: 'cam in turns',
    policy: (budget) => cam({ base: keyDiff({ budget, every: 3 }), variant: 'kvpress' }),
    steps: true,
    excess: 2,
    fullest: 1,
  },
  {
    name: 'kv-merger',
    policy: (budget) => kvMerger({ budget, window: 8, massBias: true }),
    rewrites: true,
    fullest: 1,
  },
]
for (const each of cases) cachePolicySuite({ describe, test, expect, model, prompt, next, ...each })

test('streaming-llm one token at a time: the published caches of 2 sinks and 3 recent tokens', async () => {
  const policy = streamingLlm({ budget: 5, sinks: 2, positions: 'original', block: 1 })
  const session = (await model()).session({ policy, accuracy: 'exact' })
  await session.prefill(prompt.slice(0, 5))
  const seen: number[][] = []
  for (const id of prompt.slice(5, 9)) {
    await session.append([id])
    seen.push([...session.cache.positionsOf(1, 1).subarray(0, session.cache.length)])
  }
  expect(seen).toEqual([
    [0, 1, 3, 4, 5],
    [0, 1, 4, 5, 6],
    [0, 1, 5, 6, 7],
    [0, 1, 6, 7, 8],
  ])
  await session.close()
})

test('la-cache keeps different old tokens in each layer, within its budget', async () => {
  const policy = laCache({ budget: 12, sinks: 2, span: 1, positions: 'original' })
  const session = (await model()).session({ policy, accuracy: 'exact' })
  const lengths: number[] = []
  await session.prefill(prompt.slice(0, 12))
  for (const id of prompt.slice(12, 40)) {
    await session.append([id])
    lengths.push(session.cache.lengthOf(0, 0))
  }
  // two layers that keep different tokens: together they hold more than either
  const kept = [0, 1].map((layer) => [
    ...session.cache.positionsOf(layer, 0).subarray(0, session.cache.lengthOf(layer, 0)),
  ])
  expect(Math.max(...lengths)).toBeLessThanOrEqual(12)
  expect(new Set(kept.flat()).size).toBeGreaterThan(kept[0]!.length)
  for (const positions of kept) expect(positions.slice(0, 2)).toEqual([0, 1])
  await session.close()
})

describe('duo-attention', () => {
  test('is the full cache with retrieval heads only, and where everything fits', async () => {
    const local = await model()
    const full = local.session({ accuracy: 'exact' })
    const logits = await full.prefill(prompt)
    await full.append(next)
    const { layers, kvHeads } = full.cache.shape
    const gates = Array.from({ length: layers }, () => Array(kvHeads).fill(1).join('\t')).join('\n')
    for (const options of [
      { sparsity: 0, sinks: 1, window: 4 },
      { sparsity: 1, sinks: 200, window: 200 },
    ]) {
      const session = local.session({ policy: duoAttention({ profile: gates, ...options }), accuracy: 'exact' })
      expect(await session.prefill(prompt)).toEqual(logits)
      await session.append(next)
      expect(session.report().slots).toEqual(full.report().slots)
      await session.close()
    }
    await full.close()
  })

  test('streaming heads keep first and last tokens, the others all', async () => {
    const local = await model()
    const { layers } = local.config
    const profile = layers
      .map((__, layer) => Array.from({ length: local.config.kvHeads }, (___, head) => (layer + head) % 2))
      .map((row) => row.join(','))
      .join('\n')
    const session = local.session({ policy: duoAttention({ profile, sinks: 2, window: 6 }), accuracy: 'exact' })
    await session.prefill(prompt)
    for (const id of next) await session.append([id])
    const total = prompt.length + next.length
    expect(session.cache.lengthOf(0, 1)).toBe(total)
    expect(session.cache.lengthOf(0, 0)).toBe(8)
    expect([...session.cache.positionsOf(0, 0).subarray(0, 8)]).toEqual([
      0,
      1,
      ...Array.from({ length: 6 }, (__, i) => total - 6 + i),
    ])
    await session.close()
  })

  test('a profile of another shape is refused', async () => {
    const local = await model()
    expect(() => local.session({ policy: duoAttention({ profile: '1' }) })).toThrow(
      expect.objectContaining({ code: 'policy-plan' }),
    )
  })
})
