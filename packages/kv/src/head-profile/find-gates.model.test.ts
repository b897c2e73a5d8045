/** @file Gates that were found on SmolLM2-135M-Instruct keep passkeys that their opposites lose. */
import { type LocalModel, loadModel } from '@lc/core'
import { seededRandom } from '@lc/model'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { duoAttention } from '../policies/duo-attention.ts'
import { findHeadGates } from './find-gates.ts'
import type { HeadProfile } from './head-profile.ts'
import { passkeySample } from './passkey-sample.ts'

let model: LocalModel
beforeAll(async () => {
  model = await loadModel('smollm2-135m')
})
afterAll(() => model.close())

/** Mean negative log-likelihood of passkeys that no gate was found on. */
async function cost(profile: HeadProfile): Promise<number> {
  const sample = passkeySample(model.tokenizer, { tokens: 320, passkeys: 1, random: seededRandom(99) })
  const session = model.session({ policy: duoAttention({ profile, sparsity: 0.5, sinks: 4, window: 24, every: 1000 }) })
  await session.prefill(sample.context)
  const logprobs = await session.score([...sample.question, ...sample.answer])
  await session.close()
  return -logprobs.subarray(sample.question.length).reduce((sum, one) => sum + one, 0) / sample.answer.length
}

test('half of the heads, chosen by gates, recall passkeys better than the other half', async () => {
  const profile = await findHeadGates(model, { samples: 1, tokens: 320, passkeys: 1, sinks: 4, window: 24 })
  expect(profile.gates).toHaveLength(90)
  const opposite = { ...profile, gates: profile.gates.map((gate) => 1 - gate) }
  const [found, lost] = [await cost(profile), await cost(opposite)]
  expect(found).toBeLessThan(lost - 0.5)
}, 600_000)
