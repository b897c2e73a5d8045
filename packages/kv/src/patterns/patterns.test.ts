/** @file What every attention pattern must hold, on a tiny model with random weights. */
import { type AttentionPattern, type CacheSession, fullCache, type LocalModel, loadModel } from '@lc/core'
import { PolicyPlanError } from '@lc/core/errors'
import { nodePlatform } from '@lc/core/node'
import { largestDifference } from '@lc/model/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { streamingLlm } from '../policies/streaming-llm.ts'
import { a2ats } from './a2ats.ts'
import { calibrateCodebooks } from './calibrate-codebooks.ts'
import { dma } from './dma.ts'
import { longGen } from './long-gen.ts'
import { longHeads } from './long-heads.ts'
import { moba } from './moba.ts'
import { nsa } from './nsa.ts'
import { quest } from './quest.ts'
import { recycledAttention } from './recycled-attention.ts'
import { shadowKv } from './shadow-kv.ts'
import { ssa } from './ssa.ts'

interface PatternCase {
  readonly name: string
  /** Attends over all there is; missing where gates make that something else than full attention. */
  readonly everything?: AttentionPattern
  /** Attends over a part of a text of 150 tokens. */
  readonly few: AttentionPattern
}

const folder = new URL('../../../core/fixtures/tiny-llama', import.meta.url).pathname
const platform = await nodePlatform({ convertedWeights: 'none' })
const models: LocalModel[] = []
afterAll(async () => {
  for (const model of models) await model.close()
})

async function open(attention?: AttentionPattern): Promise<LocalModel> {
  const model = await loadModel(folder, { platform, device: 'cpu', threads: 1, ...(attention && { attention }) })
  models.push(model)
  return model
}

const prompt = Array.from({ length: 150 }, (_, index) => ((index * 37) % 300) + 3)
const next = Array.from({ length: 12 }, (_, index) => ((index * 53) % 300) + 3)
const full = await open()
const codebooks = await calibrateCodebooks(full, { text: prompt, size: 16 })

const { kvHeads, headDim, heads, hiddenSize, layers } = full.config
let seed = 1
/** Numbers that look random, alike in each run. */
function random(count: number, scale: number): Float32Array {
  return Float32Array.from({ length: count }, () => {
    seed = (seed * 48_271) % 2_147_483_647
    return scale * (seed / 1_073_741_824 - 1)
  })
}
const gates = layers.map(() => random(3 * heads * hiddenSize, 0.5))
const biases = (scale: number) =>
  layers.map(() => ({
    weight: random(kvHeads * kvHeads * headDim, 3),
    scale: new Float32Array(kvHeads).fill(scale),
  }))

const trained: readonly PatternCase[] = [
  { name: 'moba', everything: moba({ budget: 256, blockSize: 16 }), few: moba({ budget: 48, blockSize: 16 }) },
  {
    name: 'moba with a full layer',
    everything: moba({ budget: 256, blockSize: 32, fullLayers: [1] }),
    few: moba({ budget: 4, blockSize: 4, fullLayers: [1] }),
  },
  { name: 'dma', everything: dma({ budget: 256, weights: biases(0) }), few: dma({ budget: 40, weights: biases(2) }) },
  { name: 'ssa', few: ssa({ budget: 32, blockSize: 8, gates }) },
  { name: 'nsa', few: nsa({ budget: 32, blockSize: 8, window: 20, gates }) },
]

const cases: readonly PatternCase[] = [
  ...trained,
  {
    name: 'quest',
    everything: quest({ budget: 1024, pageSize: 4, denseLayers: 0 }),
    few: quest({ budget: 32, pageSize: 4, denseLayers: 0 }),
  },
  {
    name: 'quest in pages beyond the room of the cache',
    everything: quest({ budget: 1024, pageSize: 64, denseLayers: 0 }),
    few: quest({ budget: 1, pageSize: 32, denseLayers: 0 }),
  },
  {
    name: 'quest of a share, in pages of 16, with a dense layer',
    everything: quest({ budget: '100%', denseLayers: 1 }),
    few: quest({ budget: '25%', denseLayers: 1 }),
  },
  {
    name: 'recycled attention',
    everything: recycledAttention({ budget: 1024 }),
    few: recycledAttention({ budget: 20, stride: 5 }),
  },
  {
    name: 'recycled attention with nothing but full steps',
    everything: recycledAttention({ budget: 20, stride: 1 }),
    few: recycledAttention({ budget: 20, stride: 2 }),
  },
  {
    name: 'long-gen',
    everything: longGen({ budget: 1024, fullLayers: [] }),
    few: longGen({ budget: 24, fullLayers: [1] }),
  },
  {
    name: 'shadow-kv',
    everything: shadowKv({ budget: 96, outliers: 2, rank: 32 }),
    few: shadowKv({ budget: 32, outliers: 1, rank: 8 }),
  },
  {
    name: 'long-heads',
    everything: longHeads({ budget: 192, chunkSize: 64 }),
    few: longHeads({ budget: 64, chunkSize: 16 }),
  },
  {
    name: 'a2ats',
    everything: a2ats({ budget: '100%', codebooks }),
    few: a2ats({ budget: 40, sink: 2, window: 8, codebooks }),
  },
]

/** Logits after the prompt and after each further token. */
async function readAll(session: CacheSession, ids: readonly number[] = next): Promise<Float32Array[]> {
  const rows: Float32Array[] = []
  for (const id of ids) rows.push(await session.append([id]))
  return rows
}

function differences(left: readonly Float32Array[], right: readonly Float32Array[]): number[] {
  return left.map((row, index) => largestDifference(row, right[index]!))
}

async function logitsOf(model: LocalModel): Promise<Float32Array[]> {
  await using session = model.session({ accuracy: 'exact' })
  return [await session.prefill(prompt), ...(await readAll(session))]
}

const whole = cases.flatMap(({ name, everything }) => (everything ? [{ name, everything }] : []))

test.each(whole)('$name: with everything chosen it is full attention, up to rounding', async ({ everything }) => {
  const [own, expected] = [await logitsOf(await open(everything)), await logitsOf(full)]
  expect(Math.max(...differences(own, expected))).toBeLessThan(5e-5)
})

// biases of keys count from the first token on
const plain = cases.filter(({ name, everything }) => everything && !name.startsWith('dma'))

test.each(plain)('$name: a text that begins with one token is read as with full attention', async ({ few }) => {
  await using session = (await open(few)).session({ accuracy: 'exact' })
  await using expected = full.session({ accuracy: 'exact' })
  expect(largestDifference(await session.prefill([5]), await expected.prefill([5]))).toBeLessThan(1e-5)
  const rows = [await readAll(session, [6, 7]), await readAll(expected, [6, 7])] as const
  expect(Math.max(...differences(...rows))).toBeLessThan(1e-5)
})

describe.each(cases)('$name', ({ few }) => {
  test('with a part chosen it is another, the same each time', async () => {
    const model = await open(few)
    const [once, again, expected] = [await logitsOf(model), await logitsOf(model), await logitsOf(full)]
    expect(Math.max(...differences(once, again))).toBe(0)
    expect(Math.max(...differences(once, expected))).toBeGreaterThan(1e-3)
    expect(once.every((row) => row.every(Number.isFinite))).toBe(true)
  })

  test('a session that was cut or forked goes on as one that was not', async () => {
    const model = await open(few)
    await using session = model.session({ accuracy: 'exact' })
    await session.prefill(prompt)
    const straight = await readAll(session, next)
    await using other = model.session({ accuracy: 'exact' })
    await other.prefill(prompt)
    const mark = other.mark()
    await readAll(other, [7, 8, 9, 10, 11, 12, 13])
    await using fork = await other.fork()
    other.truncate(mark)
    expect(Math.max(...differences(await readAll(other, next), straight))).toBeLessThan(1e-5)
    expect((await readAll(fork, [3])).every((row) => row.every(Number.isFinite))).toBe(true)
  })

  test('a session that asks for another pattern is refused', async () => {
    const model = await open(few)
    expect(() => model.session({ policy: { ...fullCache, attention: 'another' } })).toThrow(PolicyPlanError)
    await model.session({ policy: { ...fullCache, attention: few.id } }).close()
  })
})

describe('long-heads, whose chunk keys need the queries of a text,', () => {
  const more = Array.from({ length: 40 }, (_, index) => ((index * 29) % 300) + 3)
  const pattern = longHeads({ budget: 64, chunkSize: 16 })

  test('goes on in forks of forks, whatever becomes of their origins', async () => {
    const model = await open(pattern)
    await using straight = model.session({ accuracy: 'exact' })
    await straight.prefill(prompt)
    const expected = await readAll(straight, [...next, ...more])
    await using origin = model.session({ accuracy: 'exact' })
    await origin.prefill(prompt)
    const mark = origin.mark()
    await readAll(origin, next)
    await using first = origin.fork()
    origin.truncate(mark)
    await readAll(origin, [7, 8, 9])
    await using second = first.fork()
    await readAll(first, [9, 8, 7])
    const rows = await readAll(second, more)
    expect(Math.max(...differences(rows, expected.slice(next.length)))).toBeLessThan(1e-5)
  })

  test('goes on from the prefix of an earlier request', async () => {
    const model = await open(pattern)
    const text = 'What a session has read, another may go on with. '.repeat(3)
    const request = { maxTokens: 8, temperature: 0, accuracy: 'exact' } as const
    const alone = await model.generate({ ...request, prompt: `${text}And on.` })
    await model.generate({ ...request, prompt: text, cacheKey: 'text' })
    const again = await model.generate({ ...request, prompt: `${text}And on.`, cacheKey: 'text' })
    expect(again.usage?.cachedTokens).toBeGreaterThan(80)
    expect(again.text).toBe(alone.text)
  })

  test('refuses a session that was restored', async () => {
    const model = await open(pattern)
    await using session = model.session({ accuracy: 'exact' })
    await session.prefill(prompt)
    await using restored = model.session({ accuracy: 'exact' })
    await restored.restore(await session.save())
    await expect(restored.append([3])).rejects.toThrow(PolicyPlanError)
  })
})

describe.each(trained)('$name is trained, so that', ({ few }) => {
  test('an answer is what a prompt of the same tokens is', async () => {
    const model = await open(few)
    await using steps = model.session({ accuracy: 'exact' })
    await steps.prefill(prompt)
    const answered = (await readAll(steps, next)).at(-1)!
    await using read = model.session({ accuracy: 'exact' })
    expect(largestDifference(await read.prefill([...prompt, ...next]), answered)).toBeLessThan(5e-5)
    await using parts = model.session({ accuracy: 'exact' })
    await parts.prefill(prompt.slice(0, 37))
    const appended = await parts.append([...prompt.slice(37), ...next])
    expect(largestDifference(appended, answered)).toBeLessThan(5e-5)
  })

  test('a policy that evicted, and a cache of 8 bits, are refused', async () => {
    const options = { platform, device: 'cpu', threads: 1, contextLength: 2048, attention: few } as const
    await using model = await loadModel(folder, options)
    await using session = model.session({ policy: streamingLlm({ budget: 32 }), accuracy: 'exact' })
    await session.prefill(prompt)
    await expect(session.append([5])).rejects.toThrow(PolicyPlanError)
    await using small = await loadModel(folder, { ...options, cache: 'int8' })
    expect(() => small.session()).toThrow(PolicyPlanError)
  })
})
