/** @file What every `CachePolicy` must hold: budgets met, nothing lost or doubled, the same again, and full attention where all fits. */
import type { CachePolicy, CacheSession, KvCache, LocalModel } from '@lc/core'
import type { SuiteRunner } from '@lc/model/testing'
import { largestDifference } from '@lc/model/testing'
import { keysOf, meanLength, perHead, valuesOf } from '../policy/head-rows.ts'

/** The policy under test. */
export interface CachePolicySuiteOptions extends SuiteRunner {
  /** Names the suite. */
  readonly name: string
  /** The policy for a budget in slots. */
  readonly policy: (budget: number) => CachePolicy
  /** The model that it runs on, exact and on a device that repeats itself. Closing it is the caller's business. */
  readonly model: () => Promise<LocalModel>
  /** Token ids; more than twice the budget. */
  readonly prompt: readonly number[]
  /** Token ids that come after it; at least 6. */
  readonly next: readonly number[]
  /** Slots per head on average. Defaults to 24. */
  readonly budget?: number
  /** How far below the budget a policy may stay, in slots; it never goes above. Defaults to 0. */
  readonly slack?: number
  /** How far above it may go; for policies that meet it on average over time. Defaults to 0. */
  readonly excess?: number
  /** First and last slots that every head keeps. Default to 0. */
  readonly sinks?: number
  readonly window?: number
  /** Whether it also acts after each generated token. Defaults to false. */
  readonly steps?: boolean
  /** Whether it changes keys, values or positions of what it keeps, so that keeping is more than hiding. Defaults to false. */
  readonly rewrites?: boolean
  /** Slots of the fullest head at most, as a multiple of the budget, rounded up to blocks of 128. Defaults to any. */
  readonly fullest?: number
}

/** Tests of a cache policy. */
export function cachePolicySuite(options: CachePolicySuiteOptions): void {
  options.describe(options.name, () => {
    testIdentity(options)
    testBudget(options)
    testSlots(options)
    testRepeats(options)
    testSessions(options)
  })
}

const defaultBudget = 24

async function prefilled(options: CachePolicySuiteOptions, budget = options.budget ?? defaultBudget) {
  const model = await options.model()
  const session = model.session({ policy: options.policy(budget), accuracy: 'exact' })
  const logits = await session.prefill(options.prompt)
  return { model, session, logits }
}

function testIdentity(options: CachePolicySuiteOptions): void {
  const { test, expect, prompt, next } = options
  test('a budget for everything is the full cache, bit for bit', async () => {
    const { model, session, logits } = await prefilled(options, prompt.length + next.length)
    const full = model.session({ accuracy: 'exact' })
    expect(largestDifference(logits, await full.prefill(prompt))).toBe(0)
    expect(largestDifference(await session.append(next), await full.append(next))).toBe(0)
    perHead(full.cache, (layer, head) => {
      for (const rows of [keysOf, valuesOf])
        expect(largestDifference(rows(session.cache, layer, head).rows, rows(full.cache, layer, head).rows)).toBe(0)
    })
    expect(session.report().compressions.length, 'times it acted').toBe(0)
    await closeAll(session, full)
  })

  if (options.rewrites) return
  test('what is gone is as if it were hidden', async () => {
    const { model, session } = await prefilled(options)
    const masked = model.session({ accuracy: 'exact' })
    await masked.prefill(prompt)
    const slots = positionsOf(session.cache)
    await masked.edit([{ type: 'mask', choice: { scope: 'head', slots } }])
    const first = next.slice(0, 1)
    expect(largestDifference(await session.append(first), await masked.append(first))).toBeLessThanOrEqual(1e-4)
    await closeAll(session, masked)
  })
}

function testBudget(options: CachePolicySuiteOptions): void {
  const { test, expect, budget = defaultBudget, slack = 0, excess = 0, steps = false, fullest, next, prompt } = options
  const within = (cache: KvCache): void => {
    expect(meanLength(cache), 'slots per head').toBeLessThanOrEqual(budget + excess)
    expect(meanLength(cache), 'slots per head').toBeGreaterThanOrEqual(budget - slack)
  }
  test('the budget is met after a prompt, and after each token where it acts then', async () => {
    const { session } = await prefilled(options)
    within(session.cache)
    for (const [index, id] of next.entries()) {
      await session.append([id])
      if (steps) within(session.cache)
      else expect(meanLength(session.cache)).toBeLessThanOrEqual(budget + excess + index + 1)
    }
    await session.prefill(prompt.slice(0, 5))
    within(session.cache)
    await session.close()
  })

  test('no head is ever empty, down to the smallest budget', async () => {
    const smallest = Math.max(1, (options.sinks ?? 0) + (options.window ?? 0) + 2)
    const policy = attempt(() => options.policy(smallest))
    // policies that need more slots say so when they are made
    if (!policy) return
    const model = await options.model()
    const session = attempt(() => model.session({ policy, accuracy: 'exact' }))
    if (!session) return
    await session.prefill(prompt)
    const logits = await session.append(next)
    expect(session.report().slots.min).toBeGreaterThanOrEqual(1)
    expect(logits.every(Number.isFinite)).toBe(true)
    await session.close()
  })

  if (fullest === undefined) return
  test('the memory of what is gone is given back', async () => {
    const { session, model } = await prefilled(options)
    const full = model.session({ accuracy: 'exact' })
    await full.prefill(prompt)
    const { layers, kvHeads, headDim } = session.cache.shape
    const capacity = Math.ceil((fullest * budget) / 128) * 128
    const { allocated, used } = session.report().bytes
    expect(allocated).toBeLessThanOrEqual(capacity * layers * kvHeads * headDim * 8)
    expect(allocated).toBeLessThanOrEqual(full.report().bytes.allocated / 2)
    expect(used).toBe(
      perHead(session.cache, (l, h) => session.cache.lengthOf(l, h))
        .flat()
        .reduce((a, b) => a + b) *
        headDim *
        8,
    )
    await closeAll(session, full)
  })
}

function testSlots(options: CachePolicySuiteOptions): void {
  const { test, expect, prompt, next, sinks = 0, window = 0, rewrites } = options
  test('slots keep their order, none is doubled, and the protected stay', async () => {
    const { session } = await prefilled(options)
    for (const positions of positionsOf(session.cache).flat()) {
      expect(ascending(positions), 'ascending').toBe(true)
      if (rewrites) continue
      expect(positions.slice(0, sinks)).toEqual(range(0, sinks))
      expect(positions.slice(positions.length - window)).toEqual(range(prompt.length - window, prompt.length))
    }
    await session.close()
  })

  test('what is kept later was kept before, or is new', async () => {
    const { session } = await prefilled(options)
    if (session.cache.nextPosition !== prompt.length) return
    let before = positionsOf(session.cache)
    for (const id of next) {
      await session.append([id])
      const after = positionsOf(session.cache)
      const newest = session.cache.nextPosition - 1
      for (const [layer, heads] of after.entries())
        for (const [head, positions] of heads.entries()) {
          const known = new Set([...before[layer]![head]!, newest])
          expect(positions.every((position) => known.has(position))).toBe(true)
        }
      before = after
    }
    await session.close()
  })
}

function testRepeats(options: CachePolicySuiteOptions): void {
  const { test, expect, next } = options
  test('does the same again', async () => {
    const [first, second] = [await prefilled(options), await prefilled(options)]
    expect(largestDifference(await first.session.append(next), await second.session.append(next))).toBe(0)
    expect(positionsOf(first.session.cache)).toEqual(positionsOf(second.session.cache))
    await closeAll(first.session, second.session)
  })
}

function testSessions(options: CachePolicySuiteOptions): void {
  const { test, expect, next, prompt } = options
  test('forks go their own ways', async () => {
    const [{ session }, { session: alone }] = [await prefilled(options), await prefilled(options)]
    const fork = session.fork()
    await fork.append([...next].reverse())
    const expected = await alone.append(next)
    expect(largestDifference(await session.append(next), expected)).toBe(0)
    expect(positionsOf(session.cache)).toEqual(positionsOf(alone.cache))
    await closeAll(session, fork, alone)
  })

  test('a restored session goes on as the saved one', async () => {
    const { session, model } = await prefilled(options)
    const budget = options.budget ?? defaultBudget
    const restored = model.session({ policy: options.policy(budget), accuracy: 'exact' })
    await restored.restore(await session.save())
    expect(positionsOf(restored.cache)).toEqual(positionsOf(session.cache))
    expect(largestDifference(await session.append(next), await restored.append(next))).toBeLessThanOrEqual(1e-4)
    await closeAll(session, restored)
  })

  test('an abort leaves a session that can be used', async () => {
    const model = await options.model()
    const session = model.session({ policy: options.policy(options.budget ?? defaultBudget), accuracy: 'exact' })
    const reason = new Error('enough')
    const controller = new AbortController()
    controller.abort(reason)
    const thrown = await session.prefill(prompt, { signal: controller.signal }).catch((error: unknown) => error)
    expect(thrown).toBe(reason)
    const { session: fresh, logits } = await prefilled(options)
    expect(largestDifference(await session.prefill(prompt), logits)).toBe(0)
    await closeAll(session, fresh)
  })
}

function positionsOf(cache: KvCache): number[][][] {
  return perHead(cache, (layer, head) => [...cache.positionsOf(layer, head).subarray(0, cache.lengthOf(layer, head))])
}

function ascending(values: readonly number[]): boolean {
  return values.every((value, index) => index === 0 || value > values[index - 1]!)
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index)
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}

async function closeAll(...sessions: readonly CacheSession[]): Promise<void> {
  for (const session of sessions) await session.close()
}
