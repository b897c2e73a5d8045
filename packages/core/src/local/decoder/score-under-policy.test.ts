import { afterAll, describe, expect, test } from 'vitest'
import { fixturePath, largestDifference } from '../../../fixtures/read-fixture.ts'
import type { CachePolicy } from '../../cache/cache-policy.ts'
import { sinkWindowCache } from '../../cache/plain-policies.ts'
import { nodePlatform } from '../../node-platform/node-platform.ts'
import { loadModel } from '../load-model.ts'

const { convertedWeights: _, ...platform } = nodePlatform({})
const device = await platform.openDevice({ kind: 'cpu', threads: 1 })
const model = await loadModel({ folder: fixturePath('tiny-llama') }, { platform, device, accuracy: 'exact' })
afterAll(async () => {
  await model.close()
  await device.close()
})

const context = Array.from({ length: 40 }, (_, index) => 3 + ((index * 37) % 300))
const continuation = [7, 99, 250, 31, 8, 120]
const request = { context, continuation }
/** Drops all but the last slots after a prompt, and nothing later. */
const promptOnly: CachePolicy = {
  id: 'prompt-only',
  triggers: [{ on: 'prefill-end' }],
  needs: () => [],
  start: () => ({ act: ({ cache }) => [{ type: 'remove-range', from: 0, to: cache.length - 5 }] }),
}
const logprob = (logits: Float32Array, id: number) =>
  logits[id]! - Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0))

describe('scoring under a policy', () => {
  test.each([
    ['a context', context],
    ['no context', []],
  ])('with room for everything and %s the numbers are those of the full cache', async (_name, before) => {
    const policy = sinkWindowCache({ sink: 2, window: 200 })
    const [own] = await model.score([{ context: before, continuation }], { policy })
    const [full] = await model.score([{ context: before, continuation }])
    expect(own!.ids).toEqual(full!.ids)
    const from = before.length > 0 ? 0 : 1
    if (from > 0) expect(own!.logprobs[0]).toBeNaN()
    expect(largestDifference(own!.logprobs.slice(from), full!.logprobs.slice(from))).toBeLessThan(1e-4)
  })

  test('a policy that acts at each step is asked before each token', async () => {
    const policy = sinkWindowCache({ sink: 1, window: 6 })
    const [own] = await model.score([request], { policy })
    await using session = model.session({ policy, plannedLength: 46 })
    let logits = await session.prefill(context)
    for (const [index, id] of continuation.entries()) {
      expect(own!.logprobs[index]).toBeCloseTo(logprob(logits, id), 4)
      logits = await session.append([id])
    }
    const [full] = await model.score([request])
    expect(largestDifference(own!.logprobs, full!.logprobs)).toBeGreaterThan(0.01)
  })

  test('a policy that acts at the prompt alone scores what a session under it scores', async () => {
    const [own] = await model.score([request], { policy: promptOnly })
    await using session = model.session({ policy: promptOnly })
    await session.prefill(context)
    expect(session.report().slots.max).toBe(5)
    expect(largestDifference(own!.logprobs, await session.score(continuation))).toBeLessThan(1e-4)
  })

  test('several requests, nothing to score, progress', async () => {
    const done: number[] = []
    const results = await model.score([request, { context, continuation: [] }, { context: [], continuation: [9] }], {
      policy: promptOnly,
      onProgress: (event) => done.push(event.done),
    })
    expect(results.map((result) => result.logprobs.length)).toEqual([6, 0, 1])
    expect(done).toEqual([1, 2, 3])
  })

  test('what is no policy, a prepared context and too long a text are refused; an abort rethrows its reason', async () => {
    await expect(model.score([request], { policy: 'snap-kv' })).rejects.toMatchObject({ code: 'invalid-argument' })
    const prepared = await model.prepare!(context)
    await expect(model.score([{ context: prepared, continuation }], { policy: promptOnly })).rejects.toMatchObject({
      argument: 'requests[0].context',
    })
    await prepared.close()
    const long = { context: Array.from({ length: model.contextLength }, () => 5), continuation }
    await expect(model.score([long], { policy: promptOnly })).rejects.toMatchObject({ code: 'context-length' })
    const signal = AbortSignal.abort('enough')
    await expect(model.score([request], { policy: promptOnly, signal })).rejects.toBe('enough')
  })
})
