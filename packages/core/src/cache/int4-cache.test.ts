/** @file Attention over 4-bit codes against a float32 cache that holds the numbers they stand for, in every layout and after every change. */
import { afterAll, describe, expect, test } from 'vitest'
import { openFixtureRunner } from '../../fixtures/open-fixture-runner.ts'
import { largestDifference } from '../../fixtures/read-fixture.ts'
import { fullAttention } from '../models/decoder/attention-pattern.ts'
import { nodeDevice } from '../node-platform/node-device.ts'
import { applyAction } from './apply-action.ts'
import { AttentionReducer } from './attention-reducer.ts'
import type { CacheFormat } from './cache-format.ts'
import type { DecoderRunner } from './decoder-runner.ts'
import type { KvCache } from './kv-cache.ts'

const device = await nodeDevice({ kind: 'cpu', threads: 1 })
const open: { close(): Promise<void> }[] = []
afterAll(async () => {
  for (const each of open.reverse()) await each.close()
  await device.close()
})

const families = ['tiny-llama', 'tiny-gemma3', 'tiny-qwen3']
const length = 400
const prompt = Array.from({ length }, (_, index) => (index * 7 + (index >> 4) * 3) % 50)
const next = [5, 11, 17]

const openRunner = (folder: string): Promise<DecoderRunner> => openFixtureRunner(folder, device, open)

async function filled(runner: DecoderRunner, format: CacheFormat): Promise<KvCache> {
  const cache = runner.createCache(0, undefined, format)
  const ropes = runner.ropes.forLength(600)
  for (const [start, end] of [
    [0, 300],
    [300, length],
  ] as const)
    await runner.runChunk({ cache, ids: prompt.slice(start, end), accuracy: 'exact', ropes })
  return cache
}

function forEachHead(cache: KvCache, visit: (layer: number, head: number) => void): void {
  const { layers, kvHeads } = cache.shape
  for (let layer = 0; layer < layers; layer++) for (let head = 0; head < kvHeads; head++) visit(layer, head)
}

/** A float32 cache of the same slots that holds the numbers of another. */
async function plain(
  runner: DecoderRunner,
  codes: KvCache,
  slots?: (layer: number, head: number) => number[],
): Promise<KvCache> {
  const numbers = await filled(runner, 'float32')
  if (slots) keep(numbers, slots)
  forEachHead(codes, (layer, head) => {
    const count = codes.lengthOf(layer, head)
    const [keys, values] = [codes.layer(layer).keyRows(head, count), codes.layer(layer).valueRows(head, count)]
    const { headDim } = codes.shape
    for (let slot = 0; slot < count; slot++) {
      const row = [slot * headDim, (slot + 1) * headDim] as const
      numbers.edit(layer).setKey(head, slot, keys.subarray(...row))
      numbers.edit(layer).setValue(head, slot, values.subarray(...row))
    }
  })
  return numbers
}

function keep(cache: KvCache, slots: (layer: number, head: number) => number[]): void {
  forEachHead(cache, (layer, head) => {
    cache.keep(layer, head, slots(layer, head))
  })
  cache.shrink()
}

/** Logits of a chunk and of steps on a cache: what is new stays in float32. */
async function continued(runner: DecoderRunner, cache: KvCache): Promise<Float32Array[]> {
  const base = { cache, accuracy: 'exact', ropes: runner.ropes.forLength(600) } as const
  const chunk = await runner.runChunk({ ...base, ids: next, fetches: ['hidden'] })
  const found = [chunk.hidden!.data as Float32Array]
  for (const id of next) found.push((await runner.runStep({ ...base, ids: [id] })).logits!.data as Float32Array)
  return found
}

async function expectSame(runner: DecoderRunner, codes: KvCache, numbers: KvCache): Promise<void> {
  const [found, expected] = [await continued(runner, codes), await continued(runner, numbers)]
  for (const [index, logits] of found.entries()) expect(largestDifference(logits, expected[index]!)).toBeLessThan(5e-4)
}

const choices: Readonly<Record<string, (layer: number, head: number) => number[]>> = {
  'few holes': () => [...prompt.keys()].filter((slot) => slot % 31 !== 5),
  'a range gone': () => [...prompt.keys()].filter((slot) => slot < 4 || slot > 150),
  'many gone, heads alike': () => [...prompt.keys()].filter((slot) => slot % 3 === 0 || slot > 380),
  'layers unequal': (layer) => [...prompt.keys()].filter((slot) => slot % (2 + 3 * layer) === 1 || slot > 380),
  'heads unequal': (layer, head) =>
    [...prompt.keys()].filter((slot) => slot < 3 || slot > 395 || slot % (2 + 2 * head + 3 * layer) === 1),
  'only the first': () => [...prompt.keys()].slice(0, 70),
}

describe.each(families)('%s', (folder) => {
  test('a full cache', async () => {
    const runner = await openRunner(folder)
    const codes = await filled(runner, 'int4')
    await expectSame(runner, codes, await plain(runner, codes))
  })

  test.each(Object.entries(choices))('%s', async (_, slots) => {
    const runner = await openRunner(folder)
    const codes = await filled(runner, 'int4')
    keep(codes, slots)
    await expectSame(runner, codes, await plain(runner, codes, slots))
  })

  test('taken back to a mark, and written again', async () => {
    const runner = await openRunner(folder)
    const codes = runner.createCache(0, undefined, 'int4')
    const base = { cache: codes, accuracy: 'exact', ropes: runner.ropes.forLength(600) } as const
    await runner.runChunk({ ...base, ids: prompt.slice(0, 230) })
    const mark = codes.mark()
    const before = codes.layer(0).keyRows(0, 230)
    await runner.runChunk({ ...base, ids: prompt.slice(0, 100) })
    codes.truncate(mark)
    // what was rounded meanwhile stays rounded: the first of them are no longer in float32
    expect(largestDifference(codes.layer(0).keyRows(0, 230).subarray(-100), before.subarray(-100))).toBe(0)
    await runner.runChunk({ ...base, ids: prompt.slice(230, length) })
    expect(codes.length).toBe(length)
    await expectSame(runner, codes, await plain(runner, codes))
  })

  test('keys turned to other positions are rounded once', async () => {
    const runner = await openRunner(folder)
    const codes = await filled(runner, 'int4')
    const slots = choices['a range gone']!
    keep(codes, slots)
    const numbers = await plain(runner, codes, slots)
    const context = { config: runner.config, plannedLength: 600 }
    for (const cache of [codes, numbers]) applyAction(cache, { type: 'reposition', to: 'slots' }, context)
    const count = codes.lengthOf(0, 0)
    const [found, exact] = [codes, numbers].map((cache) => cache.layer(0).keyRows(0, count)) as [
      Float32Array,
      Float32Array,
    ]
    const range = Math.max(...exact) - Math.min(...exact)
    expect(largestDifference(found, exact)).toBeLessThan(range / 29)
    const again = await plain(runner, codes, slots)
    for (const cache of [again]) applyAction(cache, { type: 'reposition', to: 'slots' }, context)
    forEachHead(codes, (layer, head) => {
      const own = codes.layer(layer).keyRows(head, count)
      for (let slot = 0; slot < count; slot++)
        again
          .edit(layer)
          .setKey(head, slot, own.subarray(slot * runner.config.headDim, (slot + 1) * runner.config.headDim))
    })
    await expectSame(runner, codes, again)
  })

  test('attention is observed over the numbers', async () => {
    const runner = await openRunner(folder)
    const { config } = runner
    const reducer = new AttentionReducer({ config, device, attention: fullAttention })
    open.push(reducer)
    const slots = choices['heads unequal']!
    const codes = await filled(runner, 'int4')
    keep(codes, slots)
    const numbers = await plain(runner, codes, slots)
    const queries = Float32Array.from({ length: 2 * config.heads * config.headDim }, (_, index) => Math.sin(index))
    const request = { layer: 0, queries, position: length - 2, rows: 'mean', heads: 'each' } as const
    const [found, expected] = [
      await reducer.reduce({ ...request, cache: codes }),
      await reducer.reduce({ ...request, cache: numbers }),
    ]
    expect(largestDifference(found, expected)).toBeLessThan(1e-6)
  })
})
