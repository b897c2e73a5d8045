/** @file 64 sessions at once on SmolLM2: each gets its own answer, in turn with the others. */
import { type LocalModel, loadModel } from '@lc/core'
import { afterAll, beforeAll, expect, test } from 'vitest'

let model: LocalModel
beforeAll(async () => {
  model = await loadModel('smollm2-135m')
})
afterAll(() => model?.close())

const callers = 64
const steps = 3

function likeliest(logits: Float32Array): number {
  let best = 0
  for (let id = 1; id < logits.length; id++) if (logits[id]! > logits[best]!) best = id
  return best
}

/** Goes on counting, one token at a time; tells of each. */
async function count(from: number, onStep: () => void): Promise<string> {
  await using session = model.session({ accuracy: 'fast' })
  let logits = await session.prefill(`${from}, ${from + 1}, ${from + 2}, `)
  const ids: number[] = []
  for (let step = 0; step < steps; step++) {
    ids.push(likeliest(logits))
    logits = await session.append(ids.slice(-1))
    onStep()
  }
  return model.tokenizer.decode(ids)
}

test('64 sessions at once: all finish with the answer they have alone, none waits more than two rounds', async () => {
  const turns: number[] = []
  const starts = Array.from({ length: callers }, (_, caller) => 11 + caller)
  const answers = await Promise.all(starts.map((from, caller) => count(from, () => turns.push(caller))))
  expect(turns).toHaveLength(callers * steps)
  const last = new Map<number, number>()
  turns.forEach((caller, at) => {
    if (last.size === callers) expect(at - last.get(caller)!).toBeLessThanOrEqual(2 * callers)
    last.set(caller, at)
  })
  for (const caller of [0, 40]) expect(answers[caller]).toBe(await count(starts[caller]!, () => undefined))
  // the answers belong to their own prompts
  expect(new Set(answers).size).toBeGreaterThan(callers / 2)
})
