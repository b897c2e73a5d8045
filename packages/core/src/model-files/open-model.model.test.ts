/** @file The aliases, from wherever this machine has them, and their tokenizers against the Rust library. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { fixturePath } from '../../fixtures/read-fixture.ts'
import { modelAliases } from '../hub/aliases.ts'
import { nodeFilePlatform } from '../node-platform/node-file-platform.ts'
import { openModel } from './open-model.ts'

const recorded = JSON.parse(
  gunzipSync(readFileSync(fixturePath('real-tokenizers', 'ids.json.gz'))).toString('utf8'),
) as {
  texts: string[]
  ids: Record<string, number[][]>
}
const platform = nodeFilePlatform()

describe.each(modelAliases.map((alias) => [alias.name, alias] as const))('%s', (name, alias) => {
  test('opens with the bytes that it stands for, and gives the ids of its Rust tokenizer', async () => {
    const model = await openModel(name, { platform })
    try {
      expect(Object.values(alias.files)).toContain(model.hash)
      for (const [i, text] of recorded.texts.entries())
        expect({ text, ids: [...model.tokenizer.encodeRendered(text).ids] }).toEqual({
          text,
          ids: recorded.ids[name]![i],
        })
    } finally {
      await model.close()
    }
  })

  test('every weight can be read, and packed ones mean the dequantised ones', async () => {
    const model = await openModel(name, { platform })
    try {
      for (const weight of model.weights.names.filter((_, i) => i % 17 === 0)) {
        const values = await model.weights.float32(weight)
        expect(values.every((value) => Number.isFinite(value))).toBe(true)
        const packed = await model.weights.packed(weight)
        if (!packed) continue
        const { bits, blockSize, data, scales, correction } = packed
        let worst = 0
        for (let i = 0; i < values.length; i++) {
          const block = Math.floor(i / blockSize)
          const q = bits === 8 ? data[i]! : (data[i >> 1]! >> (4 * (i & 1))) & 15
          worst = Math.max(
            worst,
            Math.abs((q - 2 ** (bits - 1)) * scales[block]! + (correction?.[block] ?? 0) - values[i]!),
          )
        }
        expect(worst).toBeLessThan(1e-6)
      }
    } finally {
      await model.close()
    }
  })
})

test('a million characters on one line take seconds, not minutes', async () => {
  const model = await openModel('smollm2-135m', { platform })
  const code = readFileSync(new URL(import.meta.url), 'utf8').replaceAll('\n', ' ')
  const line = code.repeat(Math.ceil(1e6 / code.length)).slice(0, 1e6)
  const start = process.cpuUsage()
  model.tokenizer.encode(line)
  const { user, system } = process.cpuUsage(start)
  expect((user + system) / 1e6).toBeLessThan(2)
  await model.close()
})
