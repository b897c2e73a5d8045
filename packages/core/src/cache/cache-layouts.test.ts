/** @file Caches of every layout and format against the same slots in a plain one: what lies where must not be seen. */
import { afterAll, describe, expect, test } from 'vitest'
import { openFixtureRunner } from '../../fixtures/open-fixture-runner.ts'
import { largestDifference } from '../../fixtures/read-fixture.ts'
import { fullAttention } from '../models/decoder/attention-pattern.ts'
import { nodeDevice } from '../node-platform/node-device.ts'
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

// grouped queries; a sliding window and a soft cap; norms of heads
const families = ['tiny-llama', 'tiny-gemma3', 'tiny-qwen3']
const prompt = Array.from({ length: 150 }, (_, index) => (index * 7 + 3) % 50)
const next = [5, 11, 17]
// with codes a difference in the last bit can turn a rounding: one step of 127
const tolerance = { float32: 2e-5, int8: 1e-3 } as const
// 4-bit keys are rounded anew where slots go: int4-cache.test.ts compares them with the numbers that they stand for
const formats = ['float32', 'int8'] as const

const openRunner = (folder: string): Promise<DecoderRunner> => openFixtureRunner(folder, device, open)

async function filled(runner: DecoderRunner, format: CacheFormat): Promise<KvCache> {
  const cache = runner.createCache(0, undefined, format)
  await runner.runChunk({ cache, ids: prompt, accuracy: 'exact', ropes: runner.ropes.forLength(200) })
  return cache
}

/** A different share of the slots for each layer and head; never few. */
function slotsFor(layer: number, head: number): number[] {
  return [...prompt.keys()].filter((slot) => slot < 3 || slot > 145 || slot % (2 + head + 2 * layer) === 1)
}

function forEachHead(cache: KvCache, visit: (layer: number, head: number) => void): void {
  const { layers, kvHeads } = cache.shape
  for (let layer = 0; layer < layers; layer++) for (let head = 0; head < kvHeads; head++) visit(layer, head)
}

/** Keeps slots, or hides the others. */
function choose(cache: KvCache, how: 'keep' | 'hide', slots: (layer: number, head: number) => number[]): KvCache {
  forEachHead(cache, (layer, head) => {
    const chosen = slots(layer, head)
    if (how === 'keep') return cache.keep(layer, head, chosen)
    const bias = new Float32Array(cache.lengthOf(layer, head)).fill(Number.NEGATIVE_INFINITY)
    for (const slot of chosen) bias[slot] = 0
    cache.setBias(layer, head, bias)
  })
  cache.shrink()
  return cache
}

/** Logits of a chunk and of steps on a cache. */
async function continued(runner: DecoderRunner, cache: KvCache): Promise<Float32Array[]> {
  const base = { cache, accuracy: 'exact', ropes: runner.ropes.forLength(200) } as const
  const chunk = await runner.runChunk({ ...base, ids: next, fetches: ['hidden'] })
  const found = [chunk.hidden!.data as Float32Array]
  for (const id of next) found.push((await runner.runStep({ ...base, ids: [id] })).logits!.data as Float32Array)
  return found
}

describe.each(families)('%s', (folder) => {
  test.each(formats)('%s: heads of unequal length attend as if the others were hidden', async (format) => {
    const runner = await openRunner(folder)
    const kept = choose(await filled(runner, format), 'keep', slotsFor)
    const hidden = choose(await filled(runner, format), 'hide', slotsFor)
    expect(kept.ragged).toBe(kept.shape.kvHeads > 1)
    expect(hidden.ragged).toBe(false)
    expect(kept.bytes).toBeLessThan(0.7 * hidden.bytes)
    const [found, expected] = [await continued(runner, kept), await continued(runner, hidden)]
    for (const [index, logits] of found.entries())
      expect(largestDifference(logits, expected[index]!)).toBeLessThan(tolerance[format])
  })

  test.each(formats)('%s: layers of unequal length attend as if the others were hidden', async (format) => {
    const runner = await openRunner(folder)
    const byLayer = (layer: number): number[] => slotsFor(layer, 0)
    const kept = choose(await filled(runner, format), 'keep', byLayer)
    const hidden = choose(await filled(runner, format), 'hide', byLayer)
    expect([kept.ragged, kept.evenLayers]).toEqual([false, false])
    const [found, expected] = [await continued(runner, kept), await continued(runner, hidden)]
    for (const [index, logits] of found.entries())
      expect(largestDifference(logits, expected[index]!)).toBeLessThan(tolerance[format])
  })

  test.each(formats)('%s: heads that keep as many slots run in the programs of a full cache', async (format) => {
    const runner = await openRunner(folder)
    const level = (layer: number, head: number): number[] =>
      [...prompt.keys()].filter((slot) => slot >= 140 || (slot + layer + head) % 4 === 0).slice(-40)
    const full = await filled(runner, format)
    await continued(runner, full)
    const compiled = runner.programs.count
    const kept = choose(await filled(runner, format), 'keep', level)
    expect([kept.uniform, kept.level, kept.evenLayers]).toEqual([false, true, true])
    const found = await continued(runner, kept)
    // windows are counted in positions, which the heads do not share
    const windowed = runner.config.layers.some((layer) => layer.window !== undefined)
    if (!windowed) expect(runner.programs.count).toBe(compiled)
    const expected = await continued(runner, choose(await filled(runner, format), 'hide', level))
    for (const [index, logits] of found.entries())
      expect(largestDifference(logits, expected[index]!)).toBeLessThan(tolerance[format])
  })

  test('attention over 8-bit codes is that over the numbers that they stand for', async () => {
    const runner = await openRunner(folder)
    const codes = await filled(runner, 'int8')
    const numbers = await filled(runner, 'float32')
    forEachHead(codes, (layer, head) => {
      for (let slot = 0; slot < codes.lengthOf(layer, head); slot++) {
        numbers.edit(layer).setKey(head, slot, codes.layer(layer).keyAt(head, slot))
        numbers.edit(layer).setValue(head, slot, codes.layer(layer).valueAt(head, slot))
      }
    })
    const [found, expected] = [await continued(runner, codes), await continued(runner, numbers)]
    // a chunk computes with the numbers; later ones see what is rounded since, and steps round queries and weights too
    expect(largestDifference(found[0]!, expected[0]!)).toBeLessThan(2e-5)
    for (const [index, logits] of found.entries()) expect(relativeError(logits, expected[index]!)).toBeLessThan(0.01)
  })

  test.each(formats)('%s: reduced attention does not depend on the layout', async (format) => {
    const runner = await openRunner(folder)
    const { config } = runner
    const reducer = new AttentionReducer({ config, device, attention: fullAttention })
    open.push(reducer)
    const [kept, hidden] = [await filled(runner, format), await filled(runner, format)]
    choose(kept, 'keep', slotsFor)
    choose(hidden, 'hide', slotsFor)
    const queries = Float32Array.from({ length: 2 * config.heads * config.headDim }, (_, index) => Math.sin(index))
    for (const layer of [0, config.layers.length - 1]) {
      const request = { layer, queries, position: 148, rows: 'mean', heads: 'each' } as const
      const [found, expected] = [
        await reducer.reduce({ ...request, cache: kept }),
        await reducer.reduce({ ...request, cache: hidden }),
      ]
      const [width, all] = [found.length / config.heads, expected.length / config.heads]
      for (let head = 0; head < config.heads; head++) {
        const slots = slotsFor(layer, Math.floor(head / (config.heads / config.kvHeads)))
        const own = slots.map((_, index) => found[head * width + index]!)
        expect(
          largestDifference(
            own,
            slots.map((slot) => expected[head * all + slot]!),
          ),
        ).toBeLessThan(1e-6)
      }
    }
  })
})

function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [difference, size] = [0, 0]
  for (let index = 0; index < expected.length; index++) {
    difference += (actual[index]! - expected[index]!) ** 2
    size += expected[index]! ** 2
  }
  return Math.sqrt(difference / size)
}
