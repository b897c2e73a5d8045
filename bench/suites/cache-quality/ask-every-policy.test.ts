import { join } from 'node:path'
import { type CacheAction, type CachePolicy, loadModel } from '@lc/core'
import { afterAll, describe, expect, test } from 'vitest'
import { askEveryPolicy } from './ask-every-policy.ts'
import { comparedPolicies, contendersAt as contendersOf } from './contenders.ts'
import { measureContinuation } from './continuation.ts'
import { measureRetrieval } from './retrieval.ts'

const folder = join(import.meta.dirname, '../../../packages/core/fixtures/tiny-llama')
const model = await loadModel({ folder }, { device: 'cpu', accuracy: 'exact', threads: 1 })
afterAll(() => model.close())
const ids = (count: number, step: number): Uint32Array =>
  Uint32Array.from({ length: count }, (_, index) => 3 + ((index * step) % 300))
const prompt = ids(160, 37)
const shares = [0.5, 1]
const { layers, kvHeads } = model.config
const gates = Float32Array.from({ length: layers.length * kvHeads }, (_, head) => head / 10)
const knowledge = { profile: { layerCount: layers.length, kvHeadCount: kvHeads, gates }, draft: { ids: [5, 9, 33] } }
const contendersAt = (of: readonly number[]) => contendersOf(of, knowledge)

/** What the policy does at the end of a prompt in a session of its own. */
async function onItsOwn(policy: CachePolicy, parts: readonly Uint32Array[]): Promise<readonly CacheAction[]> {
  let last: readonly CacheAction[] = []
  const overheard: CachePolicy = {
    ...policy,
    triggers: [{ on: 'prefill-end' }],
    start: () => ({
      act: async (event) => {
        const fresh = policy.start(
          {
            config: model.config,
            contextLength: model.contextLength,
            encode: (text) => model.tokenizer.encode(text).ids,
          },
          { random: () => 0.5 },
        )
        last = await fresh.act(event)
        return []
      },
    }),
  }
  await using session = model.session({ policy: overheard, accuracy: 'exact' })
  for (const part of parts) await session.prefill(part)
  return last
}

describe('one reading for all policies', () => {
  const names = Object.keys(comparedPolicies).filter((name) => name !== 'random')

  test.each(names)('%s decides as on its own, after one prompt and after two', async (name) => {
    const contenders = contendersAt([0.5])
    const contender = contenders.find((each) => each.name === name)!
    const every = askEveryPolicy(contenders)
    await using session = model.session({ policy: every.policy, accuracy: 'exact' })
    const parts = [prompt, ids(12, 11)]
    for (const [index, part] of parts.entries()) {
      await session.prefill(part)
      const found = every.decisions.find((each) => each.contender.name === name)!
      const read = parts.slice(0, index + 1)
      const policy = contender.policy(read.reduce((sum, each) => sum + each.length, 0))
      const [keep, alone] = [keptOf(found.actions), keptOf(await onItsOwn(policy, read))]
      expect(keep).toEqual(alone)
    }
  })

  test('forks while nothing is asked are sessions of the full cache', async () => {
    const every = askEveryPolicy(contendersAt([0.5]))
    await using session = model.session({ policy: every.policy, accuracy: 'exact' })
    await session.prefill(prompt)
    every.asking = false
    await using fork = session.fork()
    await using plain = model.session({ accuracy: 'exact' })
    await plain.prefill(prompt)
    expect(await fork.append([5, 6, 7], { logits: 'all' })).toEqual(await plain.append([5, 6, 7], { logits: 'all' }))
  })
})

/** Slots that stay, or the range that goes. */
function keptOf(actions: readonly CacheAction[]): unknown {
  return actions.flatMap((action): unknown[] => {
    if (action.type === 'remove-range') return [[action.from, action.to]]
    return action.type === 'keep'
      ? [
          JSON.stringify(action.choice.slots, (_, value) =>
            ArrayBuffer.isView(value) ? Array.from(value as Uint32Array) : value,
          ),
        ]
      : []
  })
}

test('the budget of the whole context changes nothing; half of it does', async () => {
  const text = { name: 'numbers', kind: 'prose', ids: ids(181, 37) } as const
  const sizes = { length: 160, contenders: contendersAt(shares), accuracy: 'exact' } as const
  const records = await measureContinuation(model, text, sizes)
  for (const record of records.filter(({ share }) => share === 1))
    expect(record, record.policy).toMatchObject({ divergence: 0, agreement: 1, slots: 160 })
  for (const record of records.filter(({ share }) => share === 0.5)) {
    expect(record.divergence, record.policy).toBeGreaterThan(0)
    expect(record.slots, record.policy).toBeLessThanOrEqual(80)
  }
})

test('every question is answered under both protocols', async () => {
  const question = { ask: ids(6, 29), answer: ids(3, 41) }
  const context = {
    set: 'passkey',
    name: 'numbers',
    context: prompt,
    following: ids(9, 7),
    questions: [question, question],
  } as const
  const { draft } = knowledge
  const sizes = { length: 160, contenders: contendersAt([1]), awareQuestions: 1, draft }
  const records = await measureRetrieval(model, context, sizes)
  const full = records.find(({ policy }) => policy === 'full')!
  const others = records.filter(({ policy }) => policy !== 'full')
  expect(others).toHaveLength(3 * Object.keys(comparedPolicies).length)
  // with room for everything both protocols are the full cache, read in other pieces
  for (const { nll } of others) expect(nll).toBeCloseTo(full.nll, 3)
})
