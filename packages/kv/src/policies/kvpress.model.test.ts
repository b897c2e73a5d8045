/**
 * @file Kept slots and the logits after them against NVIDIA/kvpress on SmolLM2-135M-Instruct, as `fixtures/kvpress` recorded them.
 * A head may differ by one slot or one in a hundred, where scores tie to the last bits; and in the first layer, where keys of one
 * token are equally long, by which of its occurrences are kept.
 */
import { readFileSync } from 'node:fs'
import { type CachePolicy, type LocalModel, loadModel } from '@lc/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CacheBudget } from '../policy/budget.ts'
import { adaKv } from './ada-kv.ts'
import { chunkKv } from './chunk-kv.ts'
import { cur } from './cur.ts'
import { expectedAttention } from './expected-attention.ts'
import { h2o } from './h2o.ts'
import { keyDiff } from './key-diff.ts'
import { keyNorm } from './key-norm.ts'
import { kvZip } from './kv-zip.ts'
import { lagKv } from './lag-kv.ts'
import { pyramidKv } from './pyramid-kv.ts'
import { snapKv } from './snap-kv.ts'
import { streamingLlm } from './streaming-llm.ts'
import { tova } from './tova.ts'
import { valueMerge } from './value-merge.ts'

interface Recorded {
  readonly ids: readonly number[]
  readonly layers: readonly number[]
  readonly cases: readonly {
    readonly length: number
    readonly removed: number
    readonly presses: Readonly<
      Record<
        string,
        { kept: readonly (readonly string[])[]; total: number; logits: readonly number[][]; best: number[] }
      >
    >
  }[]
}

const recorded = JSON.parse(
  readFileSync(new URL('../../fixtures/kvpress/expected.json', import.meta.url), 'utf8'),
) as Recorded

const snap = (budget: CacheBudget) => snapKv({ budget, window: 64 })
const variant = 'kvpress' as const
const policies: Readonly<Record<string, (budget: CacheBudget) => CachePolicy>> = {
  'streaming-llm': (budget) => streamingLlm({ budget, positions: 'original', every: 1000 }),
  'key-norm': (budget) => keyNorm({ budget }),
  'key-diff': (budget) => keyDiff({ budget }),
  'snap-kv': snap,
  tova: (budget) => tova({ budget, variant }),
  h2o: (budget) => h2o({ budget, variant }),
  'expected-attention': (budget) => expectedAttention({ budget }),
  'pyramid-kv': (budget) => pyramidKv({ budget, window: 64, variant }),
  'lag-kv': (budget) => lagKv({ budget }),
  cur: (budget) => cur({ budget }),
  'chunk-kv(snap-kv)': (budget) => chunkKv({ base: snap(budget), chunkLength: 20, variant }),
  'chunk-kv(key-diff)': (budget) => chunkKv({ base: keyDiff({ budget }), chunkLength: 20, variant }),
  'value-merge(snap-kv)': (budget) => valueMerge({ base: snap(budget) }),
  'ada-kv(snap-kv)': (budget) => adaKv({ base: snap(budget), variant }),
  'ada-kv(expected-attention)': (budget) => adaKv({ base: expectedAttention({ budget, epsilon: 0.01 }), variant }),
  'kv-zip': (budget) => kvZip({ budget, chunk: 256, variant }),
}

let model: LocalModel
beforeAll(async () => {
  model = await loadModel('smollm2-135m', { device: 'cpu', accuracy: 'exact' })
})
afterAll(() => model?.close())

/** Slots of a bit map in hexadecimal digits, the first slot first. */
function slotsOf(map: string): Set<number> {
  const slots = new Set<number>()
  for (const [index, digit] of [...map].entries())
    for (let bit = 0; bit < 4; bit++) if ((Number.parseInt(digit, 16) >> (3 - bit)) & 1) slots.add(index * 4 + bit)
  return slots
}

/** LagKV leaves the sinks and the last one to two partitions unscored: a budget below them is a matter of ties. */
const isTied = (name: string, length: number, removed: number) =>
  name === 'lag-kv' && length * (1 - removed) < 4 + 128 + ((length - 4) % 128)

const cases = recorded.cases.flatMap(({ presses, ...rest }) =>
  Object.entries(presses)
    .filter(([name]) => !isTied(name, rest.length, rest.removed))
    .map(([name, press]) => ({ name, ...rest, press })),
)

test('every recorded press has its policy', () => {
  const names = recorded.cases.flatMap(({ presses }) => Object.keys(presses))
  expect([...new Set(names)].sort()).toEqual(Object.keys(policies).sort())
})

/** Whether two choices of positions hold the same tokens equally often. */
function sameTokens(left: ArrayLike<number>, right: ArrayLike<number>): boolean {
  const tokens = (positions: ArrayLike<number>) =>
    Array.from(positions, (position) => recorded.ids[position]!).sort((a, b) => a - b)
  return String(tokens(left)) === String(tokens(right))
}

describe('kept slots, and logits within 1e-3', () => {
  test.each(cases)('$name, $removed of $length removed', async ({ name, length, removed, press }) => {
    const session = model.session({ policy: policies[name]!(`${(1 - removed) * 100}%`), accuracy: 'exact' })
    await session.prefill(recorded.ids.slice(0, length))
    let [same, all] = [0, 0]
    for (const [index, layer] of recorded.layers.entries())
      for (const [head, map] of press.kept[index]!.entries()) {
        const expected = slotsOf(map)
        const own = session.cache.positionsOf(layer, head).subarray(0, session.cache.lengthOf(layer, head))
        const common = own.filter((position) => expected.has(position)).length
        const larger = Math.max(expected.size, own.length)
        if (layer > 0 || !sameTokens(own, [...expected]))
          expect(larger - common, `layer ${layer}, head ${head}`).toBeLessThanOrEqual(Math.max(1, larger / 100))
        same += common
        all += larger
      }
    expect(same / all).toBeGreaterThanOrEqual(0.99)
    const { slots } = session.report()
    expect(slots.mean * session.cache.shape.layers * session.cache.shape.kvHeads).toBeCloseTo(press.total, 3)
    const following = recorded.ids.slice(length, length + press.logits.length)
    const logits = await session.append(following, { logits: 'all' })
    const width = logits.length / following.length
    // a slot that ties may differ, and with it the logits a little
    const most = same === all ? 1e-3 : 5e-2
    for (const [row, expected] of press.logits.entries())
      for (const [index, logit] of expected.entries())
        expect(Math.abs(logits[row * width + index]! - logit)).toBeLessThan(most)
    await session.close()
  })
})
