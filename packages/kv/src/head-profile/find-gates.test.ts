import { type LocalModel, loadModel } from '@lc/core'
import { nodePlatform } from '@lc/core/node'
import { seededRandom } from '@lc/model'
import { afterAll, expect, test } from 'vitest'
import { duoAttention } from '../policies/duo-attention.ts'
import { findHeadGates } from './find-gates.ts'
import { formatHeadProfile, parseHeadProfile } from './head-profile.ts'
import { passkeySample } from './passkey-sample.ts'

const { convertedWeights: _, ...platform } = nodePlatform({})
const device = await platform.openDevice({ kind: 'cpu', threads: 1 })
const folder = new URL('../../../core/fixtures/tiny-llama', import.meta.url).pathname
const model: LocalModel = await loadModel({ folder }, { platform, device, accuracy: 'exact', contextLength: 4096 })
afterAll(async () => {
  await model.close()
  await device.close()
})
const small = { samples: 1, tokens: 400, sinks: 4, window: 16, passkeys: 2 }

test('a sample hides its passkeys in order, and asks for all', () => {
  const sample = passkeySample(model.tokenizer, { tokens: 900, passkeys: 3, random: seededRandom(5) })
  const decode = (ids: readonly number[]) => Buffer.concat(ids.map((id) => model.tokenizer.bytesOf(id))).toString()
  const keys = decode(sample.answer).trim().split(', ')
  expect(keys).toHaveLength(3)
  const context = decode(sample.context)
  const places = keys.map((key) => context.indexOf(`passkey is ${key}.`))
  expect(places.every((place) => place > 0)).toBe(true)
  expect([...places].sort((left, right) => left - right)).toEqual(places)
  expect(Math.abs(sample.context.length - 900)).toBeLessThan(120)
})

test('gates are what a head alone costs, between 0 and the largest', async () => {
  const profile = await findHeadGates(model, { ...small, seed: 3 })
  const { layers, kvHeads } = model.config
  expect(profile).toMatchObject({ layerCount: layers.length, kvHeadCount: kvHeads })
  const sample = passkeySample(model.tokenizer, { tokens: 400, passkeys: 2, random: seededRandom(3) })
  const { context, question, answer } = sample
  const costs: number[] = []
  for (let head = -1; head < layers.length * kvHeads; head++) {
    const session = model.session()
    await session.prefill(context)
    const slots = [...Array(layers.length).keys()].map((layer) =>
      [...Array(kvHeads).keys()].map((other) => {
        const all = [...context.keys()]
        return layer * kvHeads + other === head ? [...all.slice(0, 4), ...all.slice(-16)] : all
      }),
    )
    await session.edit([{ type: 'keep', choice: { scope: 'head', slots } }])
    let cost = 0
    for (const id of question) await session.append([id])
    for (const id of answer) {
      cost -= (await session.score([id]))[0]! / answer.length
      await session.append([id])
    }
    costs.push(cost)
    await session.close()
  }
  const rises = costs.slice(1).map((cost) => Math.max(0, cost - costs[0]!))
  for (const [head, gate] of profile.gates.entries()) expect(gate).toBeCloseTo(rises[head]! / Math.max(...rises), 2)
  expect(Math.max(...profile.gates)).toBe(1)
})

test('a file of them goes into the policy, and comes back as it was', async () => {
  const profile = await findHeadGates(model, small)
  const text = formatHeadProfile(profile)
  const read = parseHeadProfile(text)
  expect(read.gates.length).toBe(profile.gates.length)
  for (const [head, gate] of read.gates.entries()) expect(gate).toBeCloseTo(profile.gates[head]!, 5)
  const policy = duoAttention({ profile: text, sinks: 4, window: 8 })
  const session = model.session({ policy })
  await session.prefill(Array.from({ length: 60 }, (_, index) => index + 3))
  expect(session.report().slots).toMatchObject({ min: 12, max: 60 })
  await session.close()
  expect(() => formatHeadProfile({ ...profile, layerCount: 7 })).toThrow(/7 x/)
})

test.each([
  [{ samples: 0 }, /samples/],
  [{ tokens: 100 }, /tokens/],
  [{ passkeys: 11 }, /passkeys/],
  [{ window: 0 }, /window/],
  [{ haystack: ' ' }, /haystack/],
])('refuses %o', async (options, message) => {
  await expect(findHeadGates(model, options)).rejects.toThrow(message)
})

test('an abort ends it', async () => {
  const controller = new AbortController()
  const found = findHeadGates(model, { ...small, signal: controller.signal, onProgress: () => controller.abort() })
  await expect(found).rejects.toMatchObject({ name: 'AbortError' })
})
