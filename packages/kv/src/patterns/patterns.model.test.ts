/**
 * @file Attention patterns on SmolLM2-135M, teacher-forced: how near a step is to full attention, against the same pattern with what it
 * chooses by drawn at random, so that what is read in any case (first layers, last tokens, full steps) counts for both.
 */
import { readFileSync } from 'node:fs'
import { type AttentionPattern, type LocalModel, loadModel } from '@lc/core'
import type { HostTensor, Tensor } from '@lc/core/runtime'
import { afterAll, expect, test } from 'vitest'
import { a2ats } from './a2ats.ts'
import { calibrateCodebooks } from './calibrate-codebooks.ts'
import { longHeads } from './long-heads.ts'
import { quest } from './quest.ts'
import { recycledAttention } from './recycled-attention.ts'
import { shadowKv } from './shadow-kv.ts'

const pages = ['docs/architecture.md', 'packages/kv/README.md', 'packages/core/README.md']
const text = pages.map((page) => readFileSync(new URL(`../../../../${page}`, import.meta.url), 'utf8')).join('\n')
const [promptTokens, steps] = [1000, 48]

/** Log-probabilities of each step. */
async function stepsOf(model: LocalModel): Promise<Float64Array[]> {
  const ids = [...model.tokenizer.encode(text).ids].slice(0, promptTokens + steps)
  expect(ids.length).toBe(promptTokens + steps)
  await using session = model.session({ accuracy: 'fast' })
  await session.prefill(ids.slice(0, promptTokens))
  const rows: Float64Array[] = []
  for (const id of ids.slice(promptTokens)) rows.push(logSoftmax(await session.append([id])))
  return rows
}

function logSoftmax(logits: Float32Array): Float64Array {
  const most = logits.reduce((left, right) => Math.max(left, right), Number.NEGATIVE_INFINITY)
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - most), 0)
  return Float64Array.from(logits, (logit) => logit - most - Math.log(sum))
}

/** Mean divergence from full attention in nats, and the share of steps with the same best token. */
interface Nearness {
  readonly divergence: number
  readonly agreement: number
}

async function nearness(expected: readonly Float64Array[], attention: AttentionPattern): Promise<Nearness> {
  await using model = await loadModel('smollm2-135m', { attention })
  const own = await stepsOf(model)
  const best = (row: Float64Array): number => row.indexOf(row.reduce((left, right) => Math.max(left, right)))
  const divergences = own.map((row, step) =>
    expected[step]!.reduce((sum, logarithm, token) => sum + Math.exp(logarithm) * (logarithm - row[token]!), 0),
  )
  const same = own.filter((row, step) => best(row) === best(expected[step]!))
  return { divergence: divergences.reduce((sum, each) => sum + each, 0) / steps, agreement: same.length / steps }
}

let seed = 7
/** A number from 0 to 1, the same ones in each run. */
function random(): number {
  seed = (seed * 48_271) % 2_147_483_647
  return seed / 2_147_483_647
}

/** Other numbers for an input of a graph, at a length of the cache. */
type Draw = (tensor: HostTensor, length: number, name: string) => HostTensor['data']

/** The pattern with one of its inputs, which is what it chooses by, made anew at each step and in each layer. */
function blinded(pattern: AttentionPattern, input: string, draw: Draw): AttentionPattern {
  return {
    ...pattern,
    id: `blinded ${pattern.id}`,
    feed: (context) =>
      Object.fromEntries(
        Object.entries(pattern.feed!(context)).map(([name, tensor]): [string, Tensor] => {
          if (!name.startsWith(input)) return [name, tensor]
          const known = tensor as HostTensor
          return [name, { ...known, data: draw(known, context.length(0, 0), name) } as HostTensor]
        }),
      ),
  }
}

// what is marked as always or never chosen stays so
const noise = ({ data }: HostTensor) =>
  Float32Array.from(data as Float32Array, (value) => (Math.abs(value) < 1e8 ? 20 * random() - 10 : value))
const anyCode = ({ data }: HostTensor) => Int32Array.from(data as Int32Array, () => Math.floor(random() * codes))
const anySlots = ({ shape, data }: HostTensor, length: number) => {
  const slots = BigInt64Array.from(data as BigInt64Array)
  for (let head = 0; head < shape[0]!; head++) {
    const left = Array.from({ length }, (_, slot) => slot)
    for (let at = 0; at < shape[1]!; at++)
      slots[head * shape[1]! + at] = BigInt(left.splice(Math.floor(random() * left.length), 1)[0]!)
  }
  return slots
}
const codes = 64

/** The pattern, and the same one blinded, against full attention. */
async function compare(
  pattern: AttentionPattern,
  input: string,
  draw: Draw,
): Promise<{ chosen: Nearness; drawn: Nearness }> {
  const chosen = await nearness(await expected(), pattern)
  const drawn = await nearness(await expected(), blinded(pattern, input, draw))
  console.info(pattern.id, { chosen, drawn })
  return { chosen, drawn }
}

let full: Promise<LocalModel> | undefined
let rows: Promise<Float64Array[]> | undefined
const fullModel = () => (full ??= loadModel('smollm2-135m'))
const expected = () => (rows ??= fullModel().then(stepsOf))
afterAll(async () => await (await full)?.close())

const patterns = {
  quest: async () => await compare(quest({ budget: '25%' }), 'pageBounds', noise),
  'shadow-kv': async () => await compare(shadowKv({ budget: 256, rank: 160, outliers: 8 }), 'landmarks', noise),
  'recycled-attention': async () =>
    await compare(recycledAttention({ budget: 300, stride: 10 }), 'recycledSlots', anySlots),
  a2ats: async () => {
    const sample = { text: text.slice(0, 1500), size: codes, rounds: 3 }
    const codebooks = await calibrateCodebooks(await fullModel(), sample)
    return await compare(a2ats({ budget: '25%', codebooks }), 'codes', anyCode)
  },
}

test.each(Object.entries(patterns))(
  '%s: steps that read a quarter of a text are nearer to full attention than steps that read a random one',
  async (_, run) => {
    const { chosen, drawn } = await run()
    expect(chosen.divergence).toBeLessThan(drawn.divergence / 2)
    expect(chosen.agreement).toBeGreaterThan(drawn.agreement)
  },
  900_000,
)

// on this model its choice of chunks is no better than one at random; what it rests on is its positions
test('long-heads: steps at positions counted anew are nearer to full attention than steps whose queries are not turned to them', async () => {
  const still = ({ data }: HostTensor, _length: number, name: string) =>
    new Float32Array(data.length).fill(name.startsWith('rankCos') ? 1 : 0)
  const { chosen, drawn } = await compare(longHeads({ budget: 512, chunkSize: 64 }), 'rank', still)
  expect(chosen.divergence).toBeLessThan(drawn.divergence / 2)
  expect(chosen.agreement).toBeGreaterThan(drawn.agreement)
}, 900_000)
