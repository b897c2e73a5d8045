/** @file The quantised caches on SmolLM2-135M-Instruct and a real text, against the float32 cache. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readFixtureJson } from '../../../fixtures/read-fixture.ts'
import { loadModel } from '../load-model.ts'
import type { LocalModel } from './local-model-interface.ts'

const prompt = 640
const judged = 96
let model: LocalModel
let ids: Uint32Array
beforeAll(async () => {
  model = await loadModel('smollm2-135m', { device: 'cpu' })
  const { texts } = readFixtureJson<{ texts: { name: string; ids: number[] }[] }>('smollm2-135m', 'expected.json')
  ids = Uint32Array.from(texts.find(({ name }) => name === 'long')!.ids.slice(0, prompt + judged))
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

/** Of all slots: of 512 bytes each beside a float32 head; the 4-bit cache keeps 128 to 160 of 736 as they are. */
const bounds = {
  int8: { divergence: 2e-3, same: 0.95, difference: 0.05, bytes: 0.27 },
  int4: { divergence: 1e-2, same: 0.9, difference: 0.1, bytes: 0.38 },
} as const

describe.each(['int8', 'int4'] as const)('the %s cache', (format) => {
  test('logits stay near those of float32', async () => {
    const found: Float64Array[][] = []
    const bytes: number[] = []
    for (const cache of ['float32', format] as const) {
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
    let [divergence, same, difference, largest] = [0, 0, 0, 0]
    for (const [row, p] of plain.entries()) {
      const q = codes[row]!
      for (let id = 0; id < p.length; id++) divergence += Math.exp(p[id]!) * (p[id]! - q[id]!)
      const token = ids[prompt + row + 1]
      const off = token === undefined ? 0 : Math.abs(p[token]! - q[token]!)
      difference += off / judged
      largest = Math.max(largest, off)
      if (best(p) === best(q)) same++
    }
    console.info(
      `${format} cache: divergence ${(divergence / judged).toExponential(2)}, best token ${same} of ${judged}, ` +
        `log-probability of the text off by ${difference.toFixed(4)} in the mean, ${largest.toFixed(3)} at most`,
    )
    expect(divergence / judged).toBeLessThan(bounds[format].divergence)
    expect(same / judged).toBeGreaterThanOrEqual(bounds[format].same)
    expect(difference).toBeLessThan(bounds[format].difference)
    expect(bytes[1]! / bytes[0]!).toBeLessThan(bounds[format].bytes)
  })

  test('a session that was saved goes on as the one it was saved from, from a file of its own precision', async () => {
    const size = async (cache: 'float32' | typeof format) => {
      const session = model.session({ cache })
      await session.prefill(ids.subarray(0, prompt))
      const restored = model.session()
      const bytes = await session.save()
      await restored.restore(bytes)
      expect(restored.cache.format).toBe(cache)
      expect(await restored.append(ids.subarray(prompt, prompt + 3))).toEqual(
        await session.append(ids.subarray(prompt, prompt + 3)),
      )
      await session.close()
      await restored.close()
      return bytes.length
    }
    const share = (await size(format)) / (await size('float32'))
    console.info(`${format}: a session of ${prompt} tokens takes ${(100 * share).toFixed(0)} % of the file`)
    expect(share).toBeLessThan(bounds[format].bytes + 0.02)
  })
})
