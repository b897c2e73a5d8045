/** @file Many callers of one model, at once and one after the other: everybody is served in turn, and memory stays what it was. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { PreparedContext } from '@lc/model'
import { afterAll, describe, expect, test } from 'vitest'
import { fixturePath, largestDifference } from '../../../fixtures/read-fixture.ts'
import { nodePlatform } from '../../node-platform/node-platform.ts'
import { loadModel } from '../load-model.ts'
import type { LocalModel } from './local-model-interface.ts'

const { convertedWeights: _, ...platform } = nodePlatform({})
const device = await platform.openDevice({ kind: 'cpu', threads: 1 })
const model = await loadModel({ folder: fixturePath('tiny-llama') }, { platform, device, contextLength: 4096 })
afterAll(async () => {
  await model.close()
  await device.close()
})

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const ids = (count: number, from = 3): number[] => Array.from({ length: count }, (_, at) => from + ((at * 31) % 250))

function likeliest(logits: Float32Array): number {
  let best = 0
  for (let id = 1; id < logits.length; id++) if (logits[id]! > logits[best]!) best = id
  return best
}

/** Prompt, then greedy steps one by one; tells of each step. */
async function runSession(owner: LocalModel, prompt: number[], steps: number, onStep: () => void): Promise<number[]> {
  await using session = owner.session({ accuracy: 'exact' })
  let logits = await session.prefill(prompt)
  const answer: number[] = []
  for (let step = 0; step < steps; step++) {
    answer.push(likeliest(logits))
    logits = await session.append(answer.slice(-1))
    onStep()
  }
  return answer
}

/** The most turns that all callers together took between two of one caller's, from the moment when all have begun. */
function longestWait(turns: readonly number[], callers: number): number {
  const last = new Map<number, number>()
  let longest = 0
  for (const [at, caller] of turns.entries()) {
    const before = last.get(caller)
    if (before !== undefined && last.size === callers) longest = Math.max(longest, at - before)
    last.set(caller, at)
  }
  return longest
}

describe('64 callers at once', () => {
  const callers = 64

  test('sessions: all finish with the answer they would have had alone, none waits more than two rounds', async () => {
    const turns: number[] = []
    const prompts = Array.from({ length: callers }, (_, caller) => ids(4 + caller, 3 + caller))
    const together = await Promise.all(
      prompts.map((prompt, caller) => runSession(model, prompt, 12, () => turns.push(caller))),
    )
    expect(turns).toHaveLength(callers * 12)
    expect(longestWait(turns, callers)).toBeLessThanOrEqual(2 * callers)
    for (const caller of [0, 17, 63])
      expect(together[caller]).toEqual(await runSession(model, prompts[caller]!, 12, () => undefined))
  })

  test('answers side by side with a long prompt and a long list to score: none waits more than two rounds', async () => {
    const turns: number[] = []
    const stream = async (caller: number): Promise<void> => {
      for await (const part of model.stream({ prompt: `The cat ${caller} sat on`, maxTokens: 12, temperature: 0 }))
        if (part.type === 'text-delta') turns.push(caller)
    }
    const scored = model.score(
      Array.from({ length: 200 }, (_, at) => ({ context: [], continuation: ids(40 + (at % 50)) })),
    )
    const prepared = model.prepare!(ids(3000))
    await Promise.all(Array.from({ length: callers }, (_, caller) => stream(caller)))
    expect(new Set(turns).size).toBe(callers)
    expect(longestWait(turns, callers)).toBeLessThanOrEqual(2 * callers)
    expect(await scored).toHaveLength(200)
    await (await prepared).close()
  })
})

/** Requests of every kind, as a server would get them. */
async function request(number: number, shared: PreparedContext): Promise<void> {
  const own = ids(4 + (number % 13), 3 + (number % 50))
  switch (number % 20) {
    case 0:
      await model.generate({ prompt: `The cat ${number} sat`, maxTokens: 2, temperature: 0 })
      return
    case 5: {
      await using session = model.session()
      await session.prefill(own)
      return
    }
    case 10: {
      const prepared = await model.prepare!(own)
      await prepared.close()
      return
    }
    case 15:
      await model.score([{ context: shared, continuation: own }])
      return
    default:
      await model.score([{ context: [], continuation: own, join: 'ids' }])
  }
}

/** What the process holds when nothing is in flight. */
async function heldBytes(): Promise<number> {
  for (let round = 0; round < 4; round++) {
    collectGarbage()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return process.memoryUsage().rss
}

test('10,000 requests in a row: all finish, the numbers stay, memory after equals before within 5 %', async () => {
  const shared = await model.prepare!(ids(100))
  const [before] = await model.score([{ context: [], continuation: ids(30) }])
  // programs are made on demand, and the allocator takes its pages while they are new
  for (let number = 0; number < 1000; number++) await request(number, shared)
  const start = await heldBytes()
  const reported = device.memoryReport()
  for (let number = 0; number < 10_000; number++) await request(number, shared)
  const growth = (await heldBytes()) / start - 1
  expect(growth).toBeLessThan(0.05)
  expect(device.memoryReport()).toEqual(reported)
  const [after] = await model.score([{ context: [], continuation: ids(30) }])
  expect(largestDifference(after!.logprobs.subarray(1), before!.logprobs.subarray(1))).toBe(0)
  await shared.close()
}, 300_000)
