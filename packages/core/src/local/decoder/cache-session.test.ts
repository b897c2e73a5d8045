import { afterAll, describe, expect, test } from 'vitest'
import { fixturePath, largestDifference } from '../../../fixtures/read-fixture.ts'
import type {
  CacheAction,
  CacheEvent,
  CachePolicy,
  CacheTrigger,
  ObservationRequest,
} from '../../cache/cache-policy.ts'
import { fullCache, sinkWindowCache } from '../../cache/plain-policies.ts'
import { sinkWindowAttention } from '../../models/decoder/attention-pattern.ts'
import { nodePlatform } from '../../node-platform/node-platform.ts'
import { type LoadModelOptions, loadModel } from '../load-model.ts'
import type { LocalModel } from './local-model-interface.ts'
import type { CacheSession } from './session-interface.ts'

const { convertedWeights: _, ...platform } = nodePlatform({})
const device = await platform.openDevice({ kind: 'cpu', threads: 1 })
const opened: LocalModel[] = []
afterAll(async () => {
  for (const model of opened) await model.close()
  await device.close()
})

async function open(options: LoadModelOptions = {}): Promise<LocalModel> {
  const source = { folder: fixturePath('tiny-llama') }
  const model = await loadModel(source, { platform, device, accuracy: 'exact', ...options })
  opened.push(model)
  return model
}

const model = await open()
const prompt = Array.from({ length: 20 }, (_, index) => 3 + ((index * 37) % 300))
const more = [7, 99, 250, 31, 8]
const close = (left: ArrayLike<number>, right: ArrayLike<number>, most = 1e-4) =>
  expect(largestDifference(left, right)).toBeLessThan(most)

/** A policy that does the same at every one of its triggers. */
function policyOf(
  triggers: readonly CacheTrigger[],
  act: (event: CacheEvent) => readonly CacheAction[] | Promise<readonly CacheAction[]>,
  needs: readonly ObservationRequest[] = [],
): CachePolicy {
  return { id: 'test', triggers, needs: () => needs, start: () => ({ act }) }
}

async function logitsAfter(ids: readonly number[]): Promise<Float32Array> {
  return (await model.logits({ input: ids })).data
}

describe('a session', () => {
  test('gives the logits of the whole text, however it came', async () => {
    const session = model.session()
    close(await session.prefill(prompt), await logitsAfter(prompt))
    close(await session.append(more), await logitsAfter([...prompt, ...more]))
    close(await session.prefill(prompt), await logitsAfter([...prompt, ...more, ...prompt]))
    expect(session.tokens).toEqual([...prompt, ...more, ...prompt])
    expect(session.report().slots).toEqual({ min: 45, mean: 45, max: 45 })
    await session.close()
  })

  test('all logits of appended tokens are those of the whole', async () => {
    const session = model.session()
    await session.prefill(prompt)
    const all = await session.append(more, { logits: 'all' })
    const rows = { from: prompt.length, to: prompt.length + more.length }
    close(all, (await model.logits({ input: [...prompt, ...more], rows })).data)
  })

  test('tokens appended many at a time leave a session as one by one, also on ragged heads', async () => {
    const session = model.session()
    await session.prefill(prompt)
    await session.edit([raggedKeep(session)])
    const other = session.fork()
    const all = await session.append(more, { logits: 'all' })
    const width = all.length / more.length
    for (const [row, id] of more.entries())
      close(all.subarray(row * width, (row + 1) * width), await other.append([id]), 1e-4)
    expect(session.tokens).toEqual(other.tokens)
    close(await session.append([11]), await other.append([11]))
    const step = model.session({ policy: policyOf([{ on: 'step' }], () => []) })
    await step.prefill(prompt)
    await step.append(more, { logits: 'all' })
    expect(step.tokens).toEqual([...prompt, ...more])
  })

  test('goes back to so many tokens after a mark, also with a token pending', async () => {
    const session = model.session()
    await session.prefill(prompt)
    const mark = session.mark()
    await session.append(more, { logits: 'all' })
    await session.truncate(mark, 2)
    expect(session.tokens).toEqual([...prompt, ...more.slice(0, 2)])
    close(await session.append([11]), await logitsAfter([...prompt, ...more.slice(0, 2), 11]))
    await expect(session.truncate(mark, 4)).rejects.toThrow(/keep/)
    await session.truncate(mark)
    const answer = await session.decode({ maxTokens: 3 })
    const pending = session.mark()
    await session.append(more, { logits: 'all' })
    await session.truncate(pending, 1)
    expect(session.tokens).toEqual([...prompt, ...answer.ids!, more[0]])
  })

  test('decodes as generate does, and goes on after the answer', async () => {
    const text = 'The cat sat on the'
    const session = model.session()
    await session.prefill(text)
    const answer = await session.decode({ maxTokens: 6 })
    const whole = await model.generate({ prompt: text, maxTokens: 6 })
    expect(answer.ids).toEqual(whole.ids)
    const ids = [...model.tokenizer.encode(text).ids, ...answer.ids!, ...more]
    close(await session.prefill(more), await logitsAfter(ids))
  })

  test('scores what might come without taking it in', async () => {
    const session = model.session()
    await session.prefill(prompt)
    const [expected] = await model.score([{ context: prompt, continuation: more }])
    close(await session.score(more), expected!.logprobs)
    close(await session.score(more), expected!.logprobs)
    expect(session.tokens.length).toBe(prompt.length)
  })

  test('goes back to a mark', async () => {
    const session = model.session()
    await session.prefill(prompt)
    const mark = session.mark()
    const first = await session.append(more)
    await session.truncate(mark)
    await session.append([5, 6])
    await session.truncate(mark)
    close(await session.append(more), first, 1e-6)
  })

  test('forks are independent', async () => {
    const session = model.session()
    await session.prefill(prompt)
    const fork = session.fork()
    await session.append([5, 6, 7])
    close(await fork.append(more), await logitsAfter([...prompt, ...more]))
    await session.close()
    close(await fork.append([9]), await logitsAfter([...prompt, ...more, 9]))
    await fork.close()
  })

  test('forks gather statistics of their own queries', async () => {
    const counts: number[] = []
    const look = policyOf(
      [{ on: 'prefill-end' }],
      ({ observations }) => {
        counts.push(observations.statistics(0)[0]!.count)
        return []
      },
      [{ kind: 'query-statistics', skip: 0, covariance: true }],
    )
    const session = model.session({ policy: look })
    await session.prefill(prompt)
    const fork = session.fork()
    await fork.prefill(more)
    await session.prefill(more)
    const [once, both] = [prompt.length, prompt.length + more.length]
    expect(counts).toEqual([once, both, both])
    await fork.close()
  })

  test('is saved and restored, with ragged heads and biases', async () => {
    const session = model.session()
    await session.prefill(prompt)
    await session.edit([raggedKeep(session)])
    await session.edit([{ type: 'bias', layer: 1, head: 0, values: biasFor(session) }])
    const bytes = await session.save()
    const expected = await session.append(more)
    const other = model.session()
    await other.restore(bytes)
    close(await other.append(more), expected, 1e-6)
    await expect(other.restore(bytes.slice(0, 100))).rejects.toMatchObject({ code: 'file-format' })
    const flipped = bytes.slice()
    flipped[2] = 0
    await expect(other.restore(flipped)).rejects.toMatchObject({ code: 'file-format' })
  })

  test('64 at once all finish, each with its own text', async () => {
    const sessions = Array.from({ length: 64 }, () => model.session())
    const results = await Promise.all(
      sessions.map(async (session, index) => {
        await session.prefill([...prompt, index + 3])
        return session.append([index + 4])
      }),
    )
    for (const index of [0, 31, 63]) close(results[index]!, await logitsAfter([...prompt, index + 3, index + 4]))
    await Promise.all(sessions.map((session) => session.close()))
  })

  test('is refused after it is closed', async () => {
    const session = model.session()
    await session.close()
    await expect(session.prefill(prompt)).rejects.toMatchObject({ code: 'disposed' })
    await expect(model.session().append([])).rejects.toMatchObject({ code: 'invalid-argument' })
  })
})

/** Half of the slots of every second head. */
function raggedKeep(session: CacheSession): CacheAction {
  const { layers, kvHeads } = session.cache.shape
  const slots = Array.from({ length: layers }, (_, layer) =>
    Array.from({ length: kvHeads }, (_, head) =>
      Array.from({ length: session.cache.length }, (_, slot) => slot).filter(
        (slot) => (layer + head) % 2 === 0 || slot % 2 === 0,
      ),
    ),
  )
  return { type: 'keep', choice: { scope: 'head', slots } }
}

function biasFor(session: CacheSession): Float32Array {
  return Float32Array.from({ length: session.cache.lengthOf(1, 0) }, (_, slot) => Math.sin(slot))
}

describe('actions', () => {
  test('keep equals mask on the same slots, per layer and head', async () => {
    const [kept, masked] = [model.session(), model.session()]
    await kept.prefill(prompt)
    await masked.prefill(prompt)
    const keep = raggedKeep(kept) as Extract<CacheAction, { type: 'keep' }>
    await kept.edit([keep])
    await masked.edit([{ type: 'mask', choice: keep.choice }])
    expect(kept.report().slots).toMatchObject({ min: 10, max: 20 })
    expect(masked.report().slots).toMatchObject({ min: 20, max: 20 })
    close(await kept.append(more), await masked.append(more))
    close(await kept.prefill(prompt), await masked.prefill(prompt))
  })

  test('dropping a slot with bias -Infinity changes nothing', async () => {
    const session = model.session()
    await session.prefill(prompt)
    const all = Array.from({ length: 19 }, (_, slot) => slot)
    await session.edit([{ type: 'mask', choice: { scope: 'all', slots: all } }])
    const fork = session.fork()
    const masked = await fork.append(more)
    await session.edit([{ type: 'clear-bias' }, { type: 'keep', choice: { scope: 'all', slots: all } }])
    close(await session.append(more), masked)
  })

  test('merging a slot with itself alone, or equal slots, keeps the mean', async () => {
    const session = model.session()
    await session.prefill(prompt)
    const layer = session.cache.layer(0)
    const [first, second] = [layer.keyAt(0, 3), layer.keyAt(0, 4)]
    const merges = [{ source: 4, target: 3, keyWeight: 3, valueWeight: 1 }]
    await session.edit([{ type: 'merge', layer: 0, head: 0, merges, normalise: true }])
    const expected = first.map((value, index) => (value + 3 * second[index]!) / 4)
    close(session.cache.layer(0).keyAt(0, 3), expected, 1e-6)
    close(session.cache.layer(0).keyAt(0, 4), second, 1e-9)
  })

  test('repositioned keys are those of the new positions', async () => {
    const [moved, fresh] = [model.session(), model.session()]
    await moved.prefill(prompt)
    await fresh.prefill(prompt.slice(5))
    await moved.edit([
      { type: 'remove-range', from: 0, to: 5 },
      { type: 'reposition', to: 'slots' },
    ])
    // keys of the first layer depend on token and position alone
    for (const slot of [0, 7, 14]) close(moved.cache.layer(0).keyAt(0, slot), fresh.cache.layer(0).keyAt(0, slot), 1e-4)
    expect(moved.cache.nextPosition).toBe(15)
    expect(moved.cache.contiguous).toBe(true)
  })
})

describe('policies', () => {
  test('StreamingLLM keeps sinks and window: its positions over time', async () => {
    const session = model.session({ policy: sinkWindowCache({ sink: 2, window: 3 }) })
    const seen: number[][] = []
    await session.prefill(prompt.slice(0, 1))
    for (const id of prompt.slice(1, 9)) {
      await session.append([id])
      seen.push([...session.cache.positionsOf(0, 0).slice(0, session.cache.length)])
    }
    expect(seen.slice(4)).toEqual([
      [0, 1, 3, 4, 5],
      [0, 1, 4, 5, 6],
      [0, 1, 5, 6, 7],
      [0, 1, 6, 7, 8],
    ])
    expect(session.report().compressions.length).toBe(4)
  })

  test('with sink and window above the length nothing changes', async () => {
    const session = model.session({ policy: sinkWindowCache({ sink: 4, window: 100, positions: 'slots' }) })
    close(await session.prefill(prompt), await logitsAfter(prompt))
    close(await session.append(more), await logitsAfter([...prompt, ...more]), 1e-4)
  })

  test('a policy with a state of its own is started once and told its triggers', async () => {
    const seen: string[] = []
    const triggers = (['prefill-chunk', 'prefill-end', 'turn-start', 'turn-end'] as const).map((on) => ({ on }))
    const policy = policyOf([...triggers, { on: 'overflow', limit: 30 }, { on: 'step', every: 2 }], (event) => {
      seen.push(`${event.trigger} ${event.count}`)
      return []
    })
    const session = model.session({ policy })
    await session.prefill(prompt)
    await session.append([4, 5, 6])
    await session.prefill(prompt.slice(0, 9))
    await session.decode({ maxTokens: 1 })
    expect(seen).toEqual([
      'prefill-chunk 19',
      'prefill-end 20',
      'step 1',
      'turn-start 9',
      'overflow 8',
      'prefill-chunk 8',
      'overflow 1',
      'prefill-end 9',
      'turn-end 0',
    ])
  })

  test('accumulated columns: sums over rows of all queries, in chunks or in one', async () => {
    const needs = [
      { kind: 'attention-columns', id: 'all', queries: 'all', rows: 'sum', heads: 'each' },
      { kind: 'attention-columns', id: 'visible', queries: 'all', rows: 'mean-over-visible', heads: 'group-mean' },
      { kind: 'attention-columns', id: 'last', queries: { last: 4 }, rows: 'sum', heads: 'group-mean' },
      { kind: 'attention-rows', id: 'rows', last: 2 },
      { kind: 'queries', last: 3 },
      { kind: 'query-statistics', skip: 1, covariance: true },
      { kind: 'hidden', last: 2 },
    ] as const
    const events: CacheEvent[] = []
    const policy = policyOf(
      [{ on: 'step' }],
      (event) => {
        events.push(event)
        return []
      },
      needs,
    )
    const session = model.session({ policy })
    await session.prefill(prompt)
    await session.append(more)
    const { observations, cache } = events.at(-1)!
    const count = prompt.length + more.length
    const all = { from: 0, to: count }
    const each = { input: [...prompt, ...more], queries: all, rows: 'each', heads: 'each' } as const
    const full = await model.attend(each)
    const heads = full.shape[1]!
    const at = (layer: number, head: number, row: number, key: number): number =>
      full.data[((layer * heads + head) * count + row) * count + key]!
    for (const layer of [0, 1]) {
      for (let head = 0; head < heads; head++) {
        const column = observations.columns('all', layer)[head]!
        const sums = Array.from({ length: count }, (_, key) =>
          Array.from({ length: count }, (_, row) => at(layer, head, row, key)).reduce((sum, value) => sum + value, 0),
        )
        close(column.slice(0, count), sums)
        expect(sums.reduce((sum, value) => sum + value, 0)).toBeCloseTo(count, 3)
      }
      for (const visible of observations.columns('visible', layer))
        expect(visible.slice(0, count).every((value) => value >= 0 && value <= 1)).toBe(true)
      const window = observations.columns('last', layer)[0]!.slice(0, count)
      expect(window.reduce((sum, value) => sum + value, 0)).toBeCloseTo(4, 3)
      const { shape, data } = observations.rows('rows', layer)
      expect(shape).toEqual([heads, 2, cache.capacity])
      expect(data[cache.capacity + 3]).toBeCloseTo(at(layer, 0, count - 1, 3), 4)
      expect([...observations.queries(layer).positions]).toEqual([count - 3, count - 2, count - 1])
      expect(observations.statistics(layer)[0]!.count).toBe(count - 1)
      expect(observations.hidden(layer).length).toBe(2 * model.config.hiddenSize)
    }
    expect(() => observations.columns('none', 0)).toThrow('was not requested')
  })

  test('accumulated columns follow their slots when others go', async () => {
    const needs = [{ kind: 'attention-columns', id: 'sum', queries: 'all', rows: 'sum', heads: 'group-mean' }] as const
    let latest: CacheEvent | undefined
    const policy = policyOf(
      [{ on: 'prefill-end' }, { on: 'step' }],
      (event) => {
        latest = event
        return event.trigger === 'prefill-end' ? [{ type: 'remove-range', from: 2, to: 12 }] : []
      },
      needs,
    )
    const session = model.session({ policy })
    await session.prefill(prompt)
    const before = session.cache.channel('columns.sum', 0, 0).slice(0, 10)
    await session.append([50])
    const after = latest!.observations.columns('sum', 0)[0]!
    expect([...session.cache.positionsOf(0, 0).slice(0, 4)]).toEqual([0, 1, 12, 13])
    for (let slot = 0; slot < 10; slot++) expect(after[slot]).toBeGreaterThanOrEqual(before[slot]! - 1e-6)
  })

  test('a forward for observations leaves the cache as it was', async () => {
    const needs = [{ kind: 'attention-columns', id: 'max', queries: 'all', rows: 'max', heads: 'group-max' }] as const
    let columns: readonly Float32Array[] = []
    const policy = policyOf([{ on: 'prefill-end' }], async (event) => {
      columns = (await event.forward(prompt, needs)).columns('max', 0)
      return []
    })
    const session = model.session({ policy })
    await session.prefill(prompt)
    expect(columns[0]!.slice(0, 20).every((value) => value > 0 && value <= 1)).toBe(true)
    expect(session.report().extraTokens).toBe(20)
    close(await session.append(more), await logitsAfter([...prompt, ...more]))
  })

  test('generate takes a policy: with room for everything it changes nothing, with little room it does', async () => {
    const request = { prompt: 'The cat sat on the mat and the dog', maxTokens: 12, temperature: 0 }
    const plain = await model.generate(request)
    const roomy = await model.generate({ ...request, policy: sinkWindowCache({ sink: 2, window: 200 }) })
    const tight = await model.generate({ ...request, policy: sinkWindowCache({ sink: 1, window: 2 }), n: 2 })
    expect(roomy.text).toBe(plain.text)
    expect(tight.text).not.toBe(plain.text)
    expect(tight.choices?.map((choice) => choice.text)).toEqual([tight.text, tight.text])
    await expect(model.generate({ ...request, policy: {} })).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  test('a policy for another attention pattern is refused', async () => {
    const policy = { ...fullCache, id: 'quest', attention: 'quest' }
    expect(() => model.session({ policy })).toThrow(expect.objectContaining({ code: 'policy-plan' }))
  })
})

describe('sink and window as an attention pattern', () => {
  test('sees what the policy would have kept', async () => {
    const pattern = await open({ attention: sinkWindowAttention({ sink: 2, window: 6 }) })
    const masked = pattern.session()
    await masked.prefill(prompt)
    const session = model.session({ policy: sinkWindowCache({ sink: 2, window: 5 }) })
    await session.prefill(prompt.slice(0, 1))
    await session.append(prompt.slice(1))
    close(await masked.append(more), await session.append(more))
  })

  test('is full attention while everything fits', async () => {
    const pattern = await open({ attention: sinkWindowAttention({ sink: 0, window: 100 }) })
    const [own] = await pattern.score([{ context: prompt, continuation: more }])
    const [full] = await model.score([{ context: prompt, continuation: more }])
    close(own!.logprobs, full!.logprobs)
  })
})
