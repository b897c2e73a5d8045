/** @file Grouped positions against their formulas in PyTorch (`fixtures/positions`), and on a tiny model. */
import { readFileSync } from 'node:fs'
import { type AttentionPattern, type LocalModel, loadModel } from '@lc/core'
import { nodePlatform } from '@lc/core/node'
import { largestDifference } from '@lc/model/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { snapKv } from '../policies/snap-kv.ts'
import { numbers, type OneLayer, runOneLayer } from '../testing-kit/one-layer.ts'
import { dpe } from './dpe.ts'
import { reachOf } from './grouped-positions.ts'
import { detectKeyPairs } from './key-pairs.ts'
import { selfExtend } from './self-extend.ts'

const { convertedWeights: _, ...platform } = nodePlatform({})
const device = await platform.openDevice({ kind: 'cpu', threads: 1 })
const folder = new URL('../../../core/fixtures/tiny-llama', import.meta.url).pathname
const opened: LocalModel[] = []
async function open(attention?: AttentionPattern): Promise<LocalModel> {
  const model = await loadModel({ folder }, { platform, device, accuracy: 'exact', ...(attention && { attention }) })
  opened.push(model)
  return model
}
afterAll(async () => {
  for (const model of opened) await model.close()
  await device.close()
})

interface Recorded extends Omit<OneLayer, 'keys' | 'values'> {
  readonly window: number
  readonly groups: readonly number[]
  readonly keyPairs: readonly number[]
  readonly key: number[]
  readonly value: number[]
  readonly query: number[]
  readonly attended: Readonly<Record<string, readonly number[]>>
}
const recorded: Recorded = JSON.parse(
  readFileSync(new URL('../../fixtures/positions/expected.json', import.meta.url), 'utf8'),
)
const { kvHeads, group, headDim, tokens, window, groups } = recorded
const pairs = headDim / 2

function rotated(row: readonly number[], position: number): number[] {
  return row.map((x, channel) => {
    const pair = channel % pairs
    const angle = position * 10_000 ** ((-2 * pair) / headDim)
    const [first, second] = [row[pair]!, row[pair + pairs]!]
    return channel < pairs
      ? x * Math.cos(angle) - second * Math.sin(angle)
      : x * Math.cos(angle) + first * Math.sin(angle)
  })
}
const rows = (data: readonly number[]) =>
  Array.from({ length: data.length / headDim }, (_, row) => data.slice(row * headDim, (row + 1) * headDim))
const keys = rows(recorded.key).map((row, index) => rotated(row, index % (tokens + 1)))
const values = rows(recorded.value)
const cached = (all: readonly number[][]) => all.filter((_, index) => index % (tokens + 1) < tokens).flat()
const last = (all: readonly number[][]) => all.filter((_, index) => index % (tokens + 1) === tokens).flat()
const layer: OneLayer = {
  kvHeads,
  group,
  headDim,
  tokens,
  keys: cached(keys),
  values: cached(values),
  query: rows(recorded.query).flatMap((row) => rotated(row, tokens)),
  key: last(keys),
  value: last(values),
}
const keyPairs = { layers: 1, kvHeads, pairs, chosen: Uint8Array.from(recorded.keyPairs) }

test.each([
  ['self-extend', selfExtend({ group: 4, window })],
  ['dpe', dpe({ groups, window })],
  ['dpe-key-pairs', dpe({ groups, window, keyPairs })],
])('%s attends as its formulas in PyTorch', async (name, pattern) => {
  const { attended } = await runOneLayer(device, pattern, layer)
  expect(largestDifference(numbers(attended), recorded.attended[name]!)).toBeLessThan(2e-6)
  // and not as full attention does
  const full = await runOneLayer(device, selfExtend({ group: 1, window }), layer)
  expect(largestDifference(numbers(full.attended), recorded.attended[name]!)).toBeGreaterThan(1e-3)
})

const text = Array.from({ length: 180 }, (_, index) => 3 + ((index * 37 + (index >> 3) * 11) % 300))

describe('on a model', () => {
  test('groups of one, and texts within the window, are read as ever', async () => {
    const plain = (await (await open()).logits({ input: text })).data
    const ones = await open(selfExtend({ group: 1, window: 16 }))
    expect(largestDifference((await ones.logits({ input: text })).data, plain)).toBeLessThan(1e-4)
    const wide = await open(selfExtend({ group: 8, window: 256 }))
    expect(largestDifference((await wide.logits({ input: text })).data, plain)).toBeLessThan(1e-4)
  })

  test.each([selfExtend({ group: 8, window: 32 }), dpe({ groups: [2, 8], window: 32 })])(
    '$id: chunks, steps, forks and drafts agree, and the text is seen otherwise than by full attention',
    async (pattern) => {
      const model = await open(pattern)
      const session = model.session()
      await session.prefill(text.slice(0, 150))
      const fork = session.fork()
      const many = await session.append(text.slice(150, 170), { logits: 'all' })
      const width = many.length / 20
      for (let row = 0; row < 20; row++) {
        const one = await fork.append([text[150 + row]!])
        expect(largestDifference(one, many.subarray(row * width, (row + 1) * width))).toBeLessThan(1e-4)
      }
      const plain = (await opened[0]!.logits({ input: text.slice(0, 170) })).data
      expect(largestDifference(many.subarray(-width), plain)).toBeGreaterThan(1e-3)
      await session.close()
      await fork.close()
    },
  )

  test('goes with a policy, whose heads keep different tokens', async () => {
    const model = await open(selfExtend({ group: 8, window: 32 }))
    const session = model.session({ policy: snapKv({ budget: 60, window: 8 }) })
    await session.prefill(text.slice(0, 150))
    const mark = session.mark()
    const many = await session.append(text.slice(150, 153), { logits: 'all' })
    await session.truncate(mark)
    let one: Float32Array = new Float32Array(0)
    for (const id of text.slice(150, 153)) one = await session.append([id])
    expect(largestDifference(one, many.subarray(-one.length))).toBeLessThan(1e-4)
    await session.close()
  })
})

/** The sum over tokens and the query heads of a head of |q| |k|, of one pair. */
function pairScore(
  queries: Float32Array,
  keys: Float32Array,
  { heads, queryHeads, dim, head }: { heads: number; queryHeads: number; dim: number; head: number },
  pair: number,
): number {
  let sum = 0
  for (let token = 0; token < keys.length / dim; token++)
    for (let query = 0; query < queryHeads; query++) {
      if (Math.floor((query * heads) / queryHeads) !== head) continue
      const q = queries.slice((token * queryHeads + query) * dim, (token * queryHeads + query + 1) * dim)
      const k = keys.slice(token * dim, (token + 1) * dim)
      sum += Math.hypot(q[pair]!, q[pair + dim / 2]!) * Math.hypot(k[pair]!, k[pair + dim / 2]!)
    }
  return sum
}

describe('key pairs', () => {
  test('are those whose queries and keys are longest together', async () => {
    const model = await open()
    const input = text.slice(0, 60)
    const found = await detectKeyPairs(model, [input], { share: 0.5 })
    const { layers, kvHeads: heads, heads: queryHeads, headDim: dim } = model.config
    const half = dim / 2
    expect(found).toMatchObject({ layers: layers.length, kvHeads: heads, pairs: half })
    let checked = 0
    const session = model.session({
      accuracy: 'exact',
      policy: {
        id: 'look',
        triggers: [{ on: 'prefill-end' }],
        needs: () => [{ kind: 'queries', last: 60 }],
        start: () => ({
          act: ({ cache, observations }) => {
            for (let layer = 0; layer < layers.length; layer++)
              for (let head = 0; head < heads; head++) {
                const { data } = observations.queries(layer)
                const keys = cache.layer(layer).keyRows(head, 60)
                const sizes = { heads, queryHeads, dim, head }
                const scores = Array.from({ length: half }, (_, pair) => pairScore(data, keys, sizes, pair))
                const least = [...scores].sort((x, y) => y - x)[half / 2 - 1]!
                const at = (layer * heads + head) * half
                expect([...found.chosen.subarray(at, at + half)]).toEqual(scores.map((score) => Number(score >= least)))
                checked++
              }
            return []
          },
        }),
      },
    })
    await session.prefill(input)
    await session.close()
    expect(checked).toBe(layers.length * heads)
  })

  test('all of them are as none named', async () => {
    const all = await detectKeyPairs(opened[0]!, [text.slice(0, 60)], { share: 1 })
    const named = await open(dpe({ groups: [2, 8], window: 32, keyPairs: all }))
    const unnamed = await open(dpe({ groups: [2, 8], window: 32 }))
    const input = { input: text }
    expect((await named.logits(input)).data).toEqual((await unnamed.logits(input)).data)
  })
})

describe('what cannot be', () => {
  test.each([
    [() => selfExtend({ group: 3, window: 16 }), /groups/],
    [() => selfExtend({ group: 0 }), /group/],
    [() => selfExtend({ window: 0 }), /window/],
    [() => dpe({ groups: [] }), /groups/],
    [() => dpe({ groups: [2, 2.5] }), /groups/],
  ])('options out of range (%#)', (make, message) => {
    expect(make).toThrow(message)
  })

  test('bands and key pairs that the model does not have', async () => {
    await expect((await open(dpe({ groups: [2, 2, 2], window: 32 }))).logits({ input: text })).rejects.toMatchObject({
      code: 'policy-plan',
    })
    const wrong = { layers: 9, kvHeads: 2, pairs: 8, chosen: new Uint8Array(144) }
    const model = await open(dpe({ groups: [2, 8], window: 32, keyPairs: wrong }))
    await expect(model.logits({ input: text })).rejects.toMatchObject({ code: 'policy-plan' })
    await expect(detectKeyPairs(model, [])).rejects.toThrow(/texts/)
  })
})

test('the reach of Self-Extend', () => {
  expect(reachOf(4096, 8, 1024)).toBe(25_600)
})
