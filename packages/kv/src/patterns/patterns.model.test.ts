/** @file Attention patterns on SmolLM2-135M: how often a step's best token is that of full attention, teacher-forced. */
import { readFileSync } from 'node:fs'
import { type AttentionPattern, type LocalModel, loadModel } from '@lc/core'
import { expect, test } from 'vitest'
import { a2ats } from './a2ats.ts'
import { calibrateCodebooks } from './calibrate-codebooks.ts'
import { longHeads } from './long-heads.ts'
import { quest } from './quest.ts'
import { recycledAttention } from './recycled-attention.ts'
import { shadowKv } from './shadow-kv.ts'

const pages = ['docs/architecture.md', 'packages/kv/README.md', 'packages/core/README.md']
const text = pages.map((page) => readFileSync(new URL(`../../../../${page}`, import.meta.url), 'utf8')).join('\n')
const [promptTokens, steps] = [1000, 24]

async function bestTokens(model: LocalModel): Promise<number[]> {
  const ids = [...model.tokenizer.encode(text).ids].slice(0, promptTokens + steps)
  expect(ids.length).toBe(promptTokens + steps)
  await using session = model.session({ accuracy: 'fast' })
  const rows = [await session.prefill(ids.slice(0, promptTokens))]
  for (const id of ids.slice(promptTokens)) rows.push(await session.append([id]))
  return rows.map((row) => row.indexOf(Math.max(...row)))
}

async function agreement(expected: readonly number[], attention: AttentionPattern): Promise<number> {
  await using model = await loadModel('smollm2-135m', { attention })
  const own = await bestTokens(model)
  return own.filter((token, row) => token === expected[row]).length / own.length
}

test('steps that read a quarter of a text mostly agree with those that read all of it', async () => {
  await using full = await loadModel('smollm2-135m')
  const expected = await bestTokens(full)
  const codebooks = await calibrateCodebooks(full, { text: text.slice(0, 1500), size: 64, rounds: 3 })
  const shares: Record<string, number> = {}
  for (const [name, attention] of [
    ['quest', quest({ budget: '25%' })],
    ['shadow-kv', shadowKv({ budget: 256, rank: 160, outliers: 8 })],
    ['a2ats', a2ats({ budget: '25%', codebooks })],
    ['recycled-attention', recycledAttention({ budget: 300, stride: 10 })],
    ['long-heads', longHeads({ budget: 512, chunkSize: 64 })],
  ] as const)
    shares[name] = await agreement(expected, attention)
  console.info(shares)
  for (const share of Object.values(shares)) expect(share).toBeGreaterThan(0.6)
}, 900_000)
