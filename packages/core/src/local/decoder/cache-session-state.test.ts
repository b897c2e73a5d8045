/** @file Sessions that are saved, stopped or forked at the wrong moment: whole afterwards, or closed. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { fixturePath, largestDifference } from '../../../fixtures/read-fixture.ts'
import type { CacheAction, CacheEvent, CachePolicy, ObservationRequest } from '../../cache/cache-policy.ts'
import { sinkWindowCache } from '../../cache/plain-policies.ts'
import { savedArray, sealArrays, unsealArrays } from '../../cache/sealed-arrays.ts'
import { nodePlatform } from '../../node-platform/node-platform.ts'
import { loadModel } from '../load-model.ts'
import type { CacheSession } from './session-interface.ts'

const { convertedWeights: _, ...platform } = nodePlatform({})
const device = await platform.openDevice({ kind: 'cpu', threads: 1 })
const load = (folder: string) => loadModel({ folder }, { platform, device, accuracy: 'exact' })
const model = await load(fixturePath('tiny-llama'))
// the same model but for one bit
const elsewhere = await mkdtemp(join(tmpdir(), 'lc-other-model-'))
await cp(fixturePath('tiny-llama'), elsewhere, { recursive: true })
const weights = await readFile(join(elsewhere, 'model.safetensors'))
weights[weights.length - 4]! ^= 1
await writeFile(join(elsewhere, 'model.safetensors'), weights)
const other = await load(elsewhere)
afterAll(async () => {
  await model.close()
  await other.close()
  await rm(elsewhere, { recursive: true })
  await device.close()
})

const prompt = Array.from({ length: 40 }, (_, index) => 3 + ((index * 37) % 300))
const more = [7, 99, 250, 31]
const everything: readonly ObservationRequest[] = [
  { kind: 'attention-columns', id: 'all', queries: 'all', rows: 'sum', heads: 'group-mean' },
  { kind: 'attention-columns', id: 'last', queries: { last: 5 }, rows: 'mean', heads: 'group-mean' },
  { kind: 'query-statistics', skip: 1, covariance: true },
  { kind: 'hidden', last: 3 },
]

/** Sees everything, and evicts a slot of the middle in every third step by what it saw. */
function curious(act?: (event: CacheEvent) => void): CachePolicy {
  return {
    id: 'curious',
    triggers: [{ on: 'prefill-end' }, { on: 'step', every: 3 }],
    needs: () => everything,
    start: (_model, { state }) => {
      let times = typeof state === 'number' ? state : 0
      return {
        save: () => times,
        act: (event) => {
          act?.(event)
          times++
          if (event.cache.length < 4) return []
          const seen = event.observations.columns('all', 0)[0]!.subarray(1, event.cache.length - 1)
          const least = 1 + seen.indexOf(Math.min(...seen))
          return [{ type: 'remove-range', from: least, to: least + 1 }]
        },
      }
    },
  }
}

const observationsOf = async (session: CacheSession, seen: CacheEvent[]) => {
  await session.append([11, 12, 13])
  const { observations, cache } = seen.at(-1)!
  return [
    ...observations.columns('all', 1).map((column) => column.slice(0, cache.length)),
    ...observations.columns('last', 0).map((column) => column.slice(0, cache.length)),
    observations.hidden(1),
    Float32Array.from(observations.statistics(1)[0]!.covariance!),
  ]
}

describe('a restored session', () => {
  test('goes on as the saved one, bit for bit: logits, what was observed, steps, report', async () => {
    const seen: CacheEvent[] = []
    const session = model.session({ policy: curious((event) => seen.push(event)) })
    await session.prefill(prompt)
    await session.append(more)
    const bytes = await session.save()
    const restored = model.session({ policy: curious((event) => seen.push(event)) })
    await restored.restore(bytes)
    const { bytes: room, ...report } = session.report()
    expect(restored.report()).toMatchObject({ ...report, bytes: { used: room.used } })
    expect(restored.tokens).toEqual(session.tokens)
    expect(await restored.save()).toEqual(bytes)
    const expected = await observationsOf(session, seen)
    const found = await observationsOf(restored, seen)
    for (const [index, array] of expected.entries()) expect(largestDifference(found[index]!, array)).toBe(0)
    expect(await restored.append(more)).toEqual(await session.append(more))
  })

  test('decodes at once: the logits were saved, and so was a token that waits', async () => {
    const session = model.session()
    await session.prefill(prompt)
    const restored = model.session()
    await restored.restore(await session.save())
    const answer = await session.decode({ maxTokens: 5 })
    expect((await restored.decode({ maxTokens: 5 })).ids).toEqual(answer.ids)
    const third = model.session()
    await third.restore(await session.save())
    expect(await third.prefill(more)).toEqual(await session.prefill(more))
  })

  test('of another model, policy or kind is refused, and the session stays as it was', async () => {
    const session = model.session({ policy: curious() })
    await session.prefill(prompt)
    const before = await session.save()
    const foreign = other.session({ policy: curious() })
    await foreign.prefill(more)
    const prepared = await model.prepare!(prompt)
    const plain = model.session()
    await plain.prefill(prompt)
    for (const [bytes, code] of [
      [await foreign.save(), 'file-format'],
      [await prepared.save(), 'file-format'],
      [await plain.save(), 'invalid-argument'],
      [before.slice(0, -9), 'file-format'],
    ] as const) {
      await expect(session.restore(bytes)).rejects.toMatchObject({ code })
      expect(await session.save()).toEqual(before)
    }
  })

  test('from a file with edited facts and a new checksum is refused, or can be used', async () => {
    const session = model.session({ policy: curious() })
    await session.prefill(prompt)
    const before = await session.save()
    const { facts, arrays } = unsealArrays(before)
    const whole = facts as { session: Record<string, unknown> }
    const kept = [...arrays].map(([name, array]) => savedArray(name, array))
    const fields = Object.keys(whole.session)
    const values = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constantFrom(-1, 1e12, [1e9], [1, 5000], [1, 2, 3]))
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...fields), values, fc.nat(kept.length), async (field, value, without) => {
        const edited = { ...whole, session: { ...whole.session, [field]: value } }
        const mutant = sealArrays(
          edited,
          kept.filter((_, index) => index !== without),
        )
        const target = model.session({ policy: curious() })
        try {
          await target.restore(mutant)
          expect((await target.append([5])).every(Number.isFinite)).toBe(true)
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^(file-format|invalid-argument)$/) })
          expect(target.tokens).toEqual([])
          await target.prefill([5])
        }
        await target.close()
      }),
      { numRuns: 60 },
    )
  })
})

describe('a session that is stopped', () => {
  test('while a policy evicts is as it was before the prompt', async () => {
    const reason = new Error('enough')
    let controller = new AbortController()
    const policy = curious((event) => {
      controller.abort(reason)
      event.signal?.throwIfAborted()
    })
    const session = model.session({ policy })
    await expect(session.prefill(prompt, { signal: controller.signal })).rejects.toBe(reason)
    expect(session.tokens).toEqual([])
    const whole = model.session({ policy: curious() })
    const logits = await whole.prefill(prompt)
    expect(await session.prefill(prompt)).toEqual(logits)
    const before = await session.save()
    controller = new AbortController()
    await expect(session.prefill(more, { signal: controller.signal })).rejects.toBe(reason)
    expect(await session.save()).toEqual(before)
    expect(await session.prefill(more)).toEqual(await whole.prefill(more))
  })

  test('by an action that cannot be carried out after another is closed, not half edited', async () => {
    const session = model.session()
    await session.prefill(prompt)
    const wrong: CacheAction[] = [
      { type: 'remove-range', from: 2, to: 4 },
      { type: 'write', layer: 0, head: 0, slot: 1000, key: new Float32Array(1) },
    ]
    await expect(session.edit(wrong.slice(1))).rejects.toMatchObject({ code: 'invalid-argument' })
    await session.append(more)
    await expect(session.edit(wrong)).rejects.toMatchObject({ code: 'invalid-argument' })
    await expect(session.append(more)).rejects.toMatchObject({ code: 'disposed' })
  })

  test('is not forked while it works; forks before and after are whole', async () => {
    const session = model.session({ policy: sinkWindowCache({ sink: 2, window: 10 }) })
    const early = session.fork()
    const work = session.prefill(prompt)
    expect(() => session.fork()).toThrow(expect.objectContaining({ code: 'invalid-argument', argument: 'session' }))
    const logits = await work
    const late = session.fork()
    expect(await early.prefill(prompt)).toEqual(logits)
    const expected = await late.append(more)
    expect(await session.append(more)).toEqual(expected)
    expect(await early.append(more)).toEqual(expected)
  })
})

describe('a report', () => {
  test('says of each head what is kept, its bytes, and why', async () => {
    const session = model.session()
    await session.prefill(prompt)
    const { layers, kvHeads, headDim } = session.cache.shape
    const slotBytes = headDim * 8
    const whole = { slots: 40, bytes: 40 * slotBytes, kept: [{ because: 'all', slots: 40 }] }
    expect(session.report().heads).toEqual(Array.from({ length: layers }, () => Array(kvHeads).fill(whole)))
    const all = Array.from({ length: 40 }, (_, slot) => slot)
    const slots = Array.from({ length: layers }, (_, layer) =>
      Array.from({ length: kvHeads }, (_, head) => (layer + head === 0 ? all : [0, 1, 9, 20, 38, 39])),
    )
    const reason = { first: 2, last: 2, by: 'lot' }
    await session.edit([{ type: 'keep', choice: { scope: 'head', slots }, reason }])
    await session.append([5, 6, 7])
    const report = session.report()
    expect(report.heads[0]![0]!.kept).toEqual([{ because: 'all', slots: 43 }])
    expect(report.heads[1]![0]).toEqual({
      slots: 9,
      bytes: 9 * slotBytes,
      kept: [
        { because: 'first', slots: 2 },
        { because: 'chosen', slots: 2, by: 'lot' },
        { because: 'last', slots: 2 },
        { because: 'new', slots: 3 },
      ],
    })
    const used = report.heads.flat().reduce((sum, head) => sum + head.bytes, 0)
    expect(report.bytes.used).toBe(used)
  })

  test('of a window names its first and last slots', async () => {
    const session = model.session({ policy: sinkWindowCache({ sink: 2, window: 10 }) })
    await session.prefill(prompt)
    expect(session.report().heads[0]![0]!.kept).toEqual([
      { because: 'first', slots: 2 },
      { because: 'last', slots: 10 },
    ])
  })
})
