/** @file What is observed does not depend on how prompts and tokens came: in chunks, some of which are not looked at, or one by one. */
import { afterAll, describe, expect, test } from 'vitest'
import { fixturePath, largestDifference } from '../../fixtures/read-fixture.ts'
import { loadModel } from '../local/load-model.ts'
import { sinkWindowAttention } from '../models/decoder/attention-pattern.ts'
import { ropeFrequencies } from '../models/rope/rope-frequencies.ts'
import { nodePlatform } from '../node-platform/node-platform.ts'
import type { CacheEvent, CachePolicy, CacheTrigger, ObservationRequest } from './cache-policy.ts'
import { chunkTokens } from './decoder-runner.ts'
import { rotateKey } from './rotate-key.ts'

const { convertedWeights: _, ...platform } = nodePlatform({})
const device = await platform.openDevice({ kind: 'cpu', threads: 1 })
const model = await loadModel({ folder: fixturePath('tiny-llama') }, { platform, device, accuracy: 'exact' })
// its prompts are read in smaller chunks
const opened = await loadModel(
  { folder: fixturePath('tiny-llama') },
  { platform, device, accuracy: 'exact', attention: sinkWindowAttention({ sink: 2, window: 256 }) },
)
afterAll(async () => {
  await model.close()
  await opened.close()
  await device.close()
})

const { heads, kvHeads, headDim } = model.config
const layers = [...model.config.layers.keys()]
const textOf = (length: number) => Array.from({ length }, (_, index) => 3 + ((index * 37) % 300))

/** A policy that changes nothing and hands each event over. */
function watching(
  triggers: readonly CacheTrigger[],
  needs: readonly ObservationRequest[],
  see: (event: CacheEvent) => void | Promise<void>,
): CachePolicy {
  const act = async (event: CacheEvent) => {
    await see(event)
    return []
  }
  return { id: 'watching', triggers, needs: () => needs, start: () => ({ act }) }
}

async function latestOf(
  triggers: readonly CacheTrigger[],
  needs: readonly ObservationRequest[],
  use: (session: ReturnType<typeof model.session>) => Promise<unknown>,
  read: (event: CacheEvent) => Float32Array[],
  of = model,
): Promise<Float32Array[]> {
  let latest: Float32Array[] = []
  const policy = watching(triggers, needs, (event) => {
    latest = read(event)
  })
  await using session = of.session({ policy })
  await use(session)
  return latest
}

describe('a prompt of several chunks', () => {
  const needs = [
    { kind: 'attention-columns', id: 'last', queries: { last: 20 }, rows: 'mean', heads: 'each' },
    { kind: 'queries', last: 20 },
    { kind: 'hidden', last: 3 },
  ] as const
  const read = ({ observations, cache }: CacheEvent) =>
    layers.flatMap((layer) => [
      ...observations.columns('last', layer).map((column) => column.slice(0, cache.length)),
      observations.queries(layer).data.slice(),
      Float32Array.from(observations.queries(layer).positions),
      observations.hidden(layer).slice(),
    ])

  // the window lies in the last chunk, and over the edge of two
  test.each([chunkTokens.open + 60, chunkTokens.open + 6])('of %i tokens: the window of its end', async (length) => {
    const use = (session: ReturnType<typeof model.session>) => session.prefill(textOf(length))
    const looked = await latestOf([{ on: 'prefill-chunk' }, { on: 'prefill-end' }], needs, use, read, opened)
    const skipped = await latestOf([{ on: 'prefill-end' }], needs, use, read, opened)
    expect(skipped[heads]!.length).toBe(20 * heads * headDim)
    for (const [index, each] of skipped.entries()) expect(largestDifference(each, looked[index]!)).toBe(0)
  })
})

describe('generated tokens', () => {
  const needs = [
    { kind: 'attention-columns', id: 'all', queries: 'all', rows: 'sum', heads: 'group-mean' },
    { kind: 'attention-columns', id: 'seen', queries: 'all', rows: 'mean-over-visible', heads: 'group-mean' },
    { kind: 'query-statistics', skip: 2, covariance: true },
  ] as const
  const read = ({ observations, cache }: CacheEvent) =>
    layers.flatMap((layer) => [
      ...observations.columns('all', layer).map((column) => column.slice(0, cache.length)),
      ...observations.columns('seen', layer).map((column) => column.slice(0, cache.length)),
      ...observations.statistics(layer).map(({ covariance }) => Float32Array.from(covariance!)),
    ])

  test.each([70, 5])(
    '%i of them: what is gathered over all queries, looked at after each or at the end',
    async (count) => {
      const use = async (session: ReturnType<typeof model.session>) => {
        await session.prefill(textOf(30))
        await session.append(textOf(count))
        await session.prefill([7, 8])
      }
      const often = await latestOf([{ on: 'step' }, { on: 'prefill-end' }], needs, use, read)
      const once = await latestOf([{ on: 'prefill-end' }], needs, use, read)
      for (const [index, each] of once.entries()) expect(largestDifference(each, often[index]!)).toBeLessThan(2e-5)
    },
  )

  test('forks and saved sessions keep what waits', async () => {
    const seen: Float32Array[][] = []
    const policy = watching([{ on: 'prefill-end' }], needs, (event) => void seen.push(read(event)))
    await using session = model.session({ policy })
    await session.prefill(textOf(30))
    await session.append(textOf(5))
    await using fork = session.fork()
    await using restored = model.session({ policy })
    await restored.restore(await session.save())
    for (const each of [session, fork, restored]) await each.prefill([7, 8])
    const [, own, forked, saved] = seen
    for (const [index, each] of own!.entries()) {
      expect(largestDifference(each, forked![index]!)).toBeLessThan(2e-5)
      expect(largestDifference(each, saved![index]!)).toBe(0)
    }
  })
})

describe('Gaussian queries', () => {
  const needs = [
    { kind: 'query-statistics', skip: 3, covariance: true },
    { kind: 'queries', last: 40 },
  ] as const

  test('their mean and covariance are those of the queries before the rotation', async () => {
    let latest: CacheEvent | undefined
    const policy = watching([{ on: 'prefill-end' }], needs, (event) => {
      latest = event
    })
    await using session = model.session({ policy })
    await session.prefill(textOf(40))
    const [rope] = Object.values(model.config.ropes)
    const { inverse } = ropeFrequencies(rope!, model.contextLength)
    for (const layer of layers) {
      const { data, positions } = latest!.observations.queries(layer)
      for (const [head, { count, mean, covariance }] of latest!.observations.statistics(layer).entries()) {
        const rows = [...positions.subarray(3)].map((position, index) => {
          const from = (index + 3) * heads * headDim + head * headDim
          return rotateKey(data.subarray(from, from + headDim), -position, inverse)
        })
        expect(count).toBe(rows.length)
        const means = Array.from({ length: headDim }, (_, d) => rows.reduce((sum, row) => sum + row[d]!, 0) / count)
        expect(largestDifference(mean, means)).toBeLessThan(1e-5)
        const expected = Array.from({ length: headDim * headDim }, (_, at) => {
          const [i, j] = [Math.floor(at / headDim), at % headDim]
          return rows.reduce((sum, row) => sum + (row[i]! - means[i]!) * (row[j]! - means[j]!), 0) / count
        })
        expect(largestDifference(covariance!, expected)).toBeLessThan(1e-5)
      }
    }
  })

  test('expected logits are s k.m + s^2 k.S.k / 2', async () => {
    let largest = 0
    const policy = watching([{ on: 'prefill-end' }], needs, async ({ cache, expectedLogits }) => {
      const queries = Array.from({ length: heads }, (_, head) => ({
        mean: Float64Array.from({ length: headDim }, (__, d) => Math.sin(head + d)),
        covariance: Float64Array.from({ length: headDim ** 2 }, (__, at) => Math.cos(head * 7 + at * 3) / 9),
      }))
      for (const [head, logits] of (await expectedLogits(1, queries)).entries()) {
        const own = Math.floor(head / (heads / kvHeads))
        expect(logits.length).toBe(cache.lengthOf(1, own))
        const { mean, covariance } = queries[head]!
        for (const [slot, logit] of logits.entries()) {
          const key = cache.layer(1).keyAt(own, slot)
          let [linear, quadratic] = [0, 0]
          for (let i = 0; i < headDim; i++) {
            linear += key[i]! * mean[i]!
            for (let j = 0; j < headDim; j++) quadratic += key[i]! * covariance[i * headDim + j]! * key[j]!
          }
          const s = model.config.queryScale
          largest = Math.max(largest, Math.abs(logit - (s * linear + (s * s * quadratic) / 2)))
        }
      }
    })
    await using session = model.session({ policy })
    await session.prefill(textOf(40))
    expect(largest).toBeGreaterThan(0)
    expect(largest).toBeLessThan(1e-4)
  })
})
