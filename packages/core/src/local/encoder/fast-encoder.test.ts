import { asyncDispose } from '@lc/model/dispose'
import { afterAll, describe, expect, test } from 'vitest'
import { fixturePath, readFixtureJson } from '../../../fixtures/read-fixture.ts'
import { nodeDevice } from '../../node-platform/node-device.ts'
import { nodePlatform } from '../../node-platform/node-platform.ts'
import type { Device } from '../../runtime/device.ts'
import { loadEncoder } from './load-encoder.ts'

const platform = nodePlatform({})
const device = await nodeDevice({ kind: 'cpu', threads: 1 })
afterAll(() => device.close())

async function outputs(folder: string, accuracy: 'exact' | 'fast'): Promise<Float32Array[]> {
  const encoder = await loadEncoder({ folder: fixturePath(folder) }, { platform, device, accuracy })
  expect(encoder.accuracy).toBe(accuracy)
  const { texts } = readFixtureJson<{ texts: string[] }>(folder, 'texts.json')
  try {
    if (encoder.kind === 'embedder') return await encoder.embed(texts)
    if (encoder.kind === 'reranker') return await encoder.logits(texts)
    return (await encoder.classify(texts)).map((result) => result.logits)
  } finally {
    await encoder.close()
  }
}

function cosine(left: Float32Array, right: Float32Array): number {
  const dot = left.reduce((sum, value, at) => sum + value * right[at]!, 0)
  return dot / (Math.hypot(...left) * Math.hypot(...right))
}

describe('8-bit integers', () => {
  test.each(['tiny-bert', 'tiny-roberta', 'tiny-modernbert', 'tiny-modernbert-tokens'])(
    '%s stays near the exact result',
    async (folder) => {
      const [exact, fast] = [await outputs(folder, 'exact'), await outputs(folder, 'fast')]
      for (const [index, vector] of exact.entries()) {
        const similarity = cosine(vector, fast[index]!)
        expect(similarity).toBeGreaterThan(0.99)
        // and is not the exact path by another name
        expect(fast[index]).not.toEqual(vector)
      }
    },
  )

  test('a device without their kernels stays exact, and says so', async () => {
    // the CPU under another name: what is tested is the choice
    const other: Device = {
      kind: 'webgpu',
      threads: device.threads,
      compile: (graph, options) => device.compile(graph, options),
      memoryReport: () => device.memoryReport(),
      close: () => device.close(),
      [asyncDispose]: () => device.close(),
    }
    const encoder = await loadEncoder(
      { folder: fixturePath('tiny-bert') },
      { platform, device: other, accuracy: 'fast' },
    )
    expect(encoder.accuracy).toBe('exact')
    await encoder.close()
  })
})
