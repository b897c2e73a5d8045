/** @file The 8-bit cache on SmolLM2-135M-Instruct and a real text, against the float32 cache. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadModel } from '../load-model.ts'
import type { LocalModel } from './local-model-interface.ts'

const prompt = 640
const judged = 96
let model: LocalModel
let ids: Uint32Array
beforeAll(async () => {
  model = await loadModel('smollm2-135m', { device: 'cpu' })
  const text = readFileSync(new URL('../../../../../CONTRIBUTING.md', import.meta.url), 'utf8')
  ids = model.tokenizer.encode(text).ids.slice(0, prompt + judged)
  expect(ids.length).toBe(prompt + judged)
})
afterAll(() => model?.close())

/** Log-probabilities of each row of logits. */
function logSoftmax(logits: Float32Array, width: number): Float64Array[] {
  return Array.from({ length: logits.length / width }, (_, row) => {
    const own = Float64Array.from(logits.subarray(row * width, (row + 1) * width))
    const largest = own.reduce((most, x) => Math.max(most, x), Number.NEGATIVE_INFINITY)
    const total = largest + Math.log(own.reduce((sum, x) => sum + Math.exp(x - largest), 0))
    return own.map((x) => x - total)
  })
}

const best = (row: Float64Array): number => row.reduce((most, x, index) => (x > row[most]! ? index : most), 0)

describe('the 8-bit cache', () => {
  test('logits stay near those of float32: divergence below 2e-3, at least 95 % of the best tokens', async () => {
    const found: Float64Array[][] = []
    const bytes: number[] = []
    for (const cache of ['float32', 'int8'] as const) {
      const session = model.session({ cache, accuracy: 'exact' })
      const first = await session.prefill(ids.subarray(0, prompt))
      const rows = new Float32Array(judged * first.length)
      // one at a time: several are read as a prompt is, over the numbers that codes stand for
      for (let row = 0; row < judged; row++) rows.set(await session.append([ids[prompt + row]!]), row * first.length)
      found.push(logSoftmax(rows, first.length))
      bytes.push(session.report().bytes.used)
      await session.close()
    }
    const [plain, codes] = found as [Float64Array[], Float64Array[]]
    let [divergence, same, largest] = [0, 0, 0]
    for (const [row, p] of plain.entries()) {
      const q = codes[row]!
      for (let id = 0; id < p.length; id++) divergence += Math.exp(p[id]!) * (p[id]! - q[id]!)
      const token = ids[prompt + row + 1]
      if (token !== undefined) largest = Math.max(largest, Math.abs(p[token]! - q[token]!))
      if (best(p) === best(q)) same++
    }
    console.info(
      `8-bit cache: divergence ${(divergence / judged).toExponential(2)}, best token ${same} of ${judged}, ` +
        `log-probability of the text off by at most ${largest.toFixed(3)}`,
    )
    expect(divergence / judged).toBeLessThan(2e-3)
    expect(same / judged).toBeGreaterThanOrEqual(0.95)
    expect(largest).toBeLessThan(0.3)
    expect(bytes[1]! / bytes[0]!).toBeLessThan(0.27)
  })

  test('a session that was saved goes on as the one it was saved from', async () => {
    const session = model.session({ cache: 'int8' })
    await session.prefill(ids.subarray(0, 100))
    const restored = model.session({ cache: 'int8' })
    await restored.restore(await session.save())
    expect(restored.cache.format).toBe('int8')
    expect(await restored.append(ids.subarray(100, 103))).toEqual(await session.append(ids.subarray(100, 103)))
    await session.close()
    await restored.close()
  })
})
