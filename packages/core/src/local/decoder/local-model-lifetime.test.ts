import type { StreamPart } from '@lc/model'
import { afterAll, describe, expect, test } from 'vitest'
import { fixturePath, largestDifference } from '../../../fixtures/read-fixture.ts'
import { nodePlatform } from '../../node-platform/node-platform.ts'
import { loadModel } from '../load-model.ts'
import type { LocalModel } from './local-model-interface.ts'

const { convertedWeights: _, ...platform } = nodePlatform({})
const device = await platform.openDevice({ kind: 'cpu', threads: 1 })
const opened: LocalModel[] = []
afterAll(async () => {
  for (const model of opened) await model.close()
  await device.close()
})

async function open(contextLength = 4096): Promise<LocalModel> {
  const model = await loadModel({ folder: fixturePath('tiny-llama') }, { platform, device, contextLength })
  opened.push(model)
  return model
}

const ids = (count: number, from = 3): number[] => Array.from({ length: count }, (_, at) => from + ((at * 31) % 300))
const reason = { why: 'enough' }

/** A signal that fires at the n-th progress event. */
function abortAt(event: number): { signal: AbortSignal; onProgress: () => void; seen: () => number } {
  const controller = new AbortController()
  let count = 0
  return {
    signal: controller.signal,
    seen: () => count,
    onProgress: () => {
      count++
      if (count === event) controller.abort(reason)
    },
  }
}

describe('aborts', () => {
  test('are seen after one chunk of a prompt, and the next call works', async () => {
    const model = await open()
    const { signal, onProgress, seen } = abortAt(1)
    const prepared = model.prepare!(ids(2600), { signal, onProgress })
    await expect(prepared).rejects.toBe(reason)
    expect(seen()).toBe(1)
    const whole = await model.prepare!(ids(2600))
    expect(whole.length).toBe(2600)
    await whole.close()
  })

  test('leave a prepared context as it was', async () => {
    const model = await open()
    const prepared = await model.prepare!(ids(20))
    await expect(prepared.extend(ids(2000), abortAt(2))).rejects.toBe(reason)
    expect(prepared.length).toBe(20)
    const [after] = await model.score([{ context: prepared, continuation: ids(5, 9) }])
    const [fresh] = await model.score([{ context: ids(20), continuation: ids(5, 9) }])
    expect(largestDifference(after!.logprobs, fresh!.logprobs)).toBeLessThan(1e-4)
    await prepared.close()
  })

  test('leave a session as it was', async () => {
    const model = await open()
    const [session, other] = [model.session(), model.session()]
    await session.prefill(ids(20))
    await other.prefill(ids(20))
    await expect(session.prefill(ids(2000), abortAt(2))).rejects.toBe(reason)
    expect(session.tokens.length).toBe(20)
    expect(largestDifference(await session.append([9, 8]), await other.append([9, 8]))).toBeLessThan(1e-5)
    await Promise.all([session.close(), other.close()])
  })

  test('of a batch of requests stop between two', async () => {
    const model = await open()
    const requests = Array.from({ length: 6 }, (_, index) => ({ context: '', continuation: ids(700 + index) }))
    const { signal, onProgress, seen } = abortAt(2)
    await expect(model.score(requests, { signal, onProgress })).rejects.toBe(reason)
    expect(seen()).toBe(2)
  })

  test('of one caller do not reach another that waits for the same program', async () => {
    const model = await open()
    const controller = new AbortController()
    const first = model.score([{ context: '', continuation: ids(8) }], { signal: controller.signal })
    const second = model.score([{ context: '', continuation: ids(8) }])
    controller.abort(reason)
    await expect(first).rejects.toBe(reason)
    expect((await second)[0]!.logprobs.length).toBe(8)
  })

  test('timeouts are typed', async () => {
    const model = await open()
    const late = model.generate({ prompt: 'The cat', maxTokens: 4000, timeoutMs: 1 })
    await expect(late).rejects.toMatchObject({ code: 'timeout' })
  })
})

describe('closing', () => {
  test('waits for work in flight, then refuses', async () => {
    const model = await open()
    const scored = model.score([{ context: '', continuation: ids(1500) }])
    const generated = model.generate({ prompt: 'The cat sat on', maxTokens: 20 })
    const closing = model.close()
    expect((await scored)[0]!.logprobs.length).toBe(1500)
    expect((await generated).usage.completionTokens).toBeGreaterThan(0)
    await closing
    await model.close()
    await expect(model.score([])).rejects.toMatchObject({ code: 'disposed' })
    await expect(model.generate({ prompt: 'a' })).rejects.toMatchObject({ code: 'disposed' })
    expect(() => model.session()).toThrow(expect.objectContaining({ code: 'disposed' }))
    const read = async (): Promise<StreamPart[]> => {
      const parts: StreamPart[] = []
      for await (const part of model.stream({ prompt: 'a' })) parts.push(part)
      return parts
    }
    await expect(read()).rejects.toMatchObject({ code: 'disposed' })
  })

  test('frees the programs of a device that stays', async () => {
    const own = await platform.openDevice({ kind: 'cpu', threads: 1 })
    const model = await loadModel({ folder: fixturePath('tiny-llama') }, { platform, device: own })
    await model.generate({ prompt: 'The cat', maxTokens: 2 })
    await model.score([{ context: '', continuation: ids(8) }])
    expect(own.memoryReport().programs.length).toBeGreaterThan(2)
    await model.close()
    expect(own.memoryReport().programs.length).toBe(0)
    await own.close()
  })
})

describe('prefix reuse', () => {
  test('a cache key takes the common prefix from the last request', async () => {
    const model = await open()
    const request = { maxTokens: 4, temperature: 0, cacheKey: 'chat', accuracy: 'exact' } as const
    const prompt = 'The cat sat on the mat and the dog sat on the sofa. '
    await model.generate({ ...request, prompt })
    const again = await model.generate({ ...request, prompt: `${prompt}Then` })
    const fresh = await model.generate({ ...request, cacheKey: 'other', prompt: `${prompt}Then` })
    expect(again.usage.cachedTokens).toBeGreaterThan(10)
    expect(fresh.usage.cachedTokens).toBe(0)
    expect(again.text).toBe(fresh.text)
  })

  test('requests with one long prefix score as they do alone', async () => {
    const model = await open()
    const context = ids(200)
    const requests = [ids(5, 7), ids(9, 11), ids(1, 13)].map((continuation) => ({ context, continuation }))
    const together = await model.score(requests)
    for (const [index, request] of requests.entries()) {
      const [alone] = await model.score([request])
      expect(largestDifference(together[index]!.logprobs, alone!.logprobs)).toBeLessThan(1e-4)
    }
  })

  test('a text longer than a chunk scores as in one piece', async () => {
    const model = await open()
    const text = ids(1300)
    const [whole] = await model.score([{ context: '', continuation: text }])
    const { data } = await model.logits({ input: text, rows: { from: 1023, to: 1026 } })
    const width = data.length / 3
    for (const row of [0, 1, 2]) {
      const logits = Array.from(data.subarray(row * width, (row + 1) * width))
      const total = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0))
      expect(whole!.logprobs[1024 + row]).toBeCloseTo(logits[text[1024 + row]!]! - total, 3)
    }
  })
})
