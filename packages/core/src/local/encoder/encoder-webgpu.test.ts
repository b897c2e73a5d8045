/** @file Encoders on WebGPU against the CPU. Without a GPU it runs on a software driver (see the contributing guide). */
import { afterAll, describe, expect, test } from 'vitest'
import { fixturePath, largestDifference, readFixtureJson } from '../../../fixtures/read-fixture.ts'
import { DeviceError } from '../../errors/device-error.ts'
import { nodeDevice } from '../../node-platform/node-device.ts'
import { nodePlatform } from '../../node-platform/node-platform.ts'
import type { Device } from '../../runtime/device.ts'
import { loadEncoder } from './load-encoder.ts'

const opened = await nodeDevice({ kind: 'webgpu' }).catch((error: unknown) => error)
const device = opened instanceof DeviceError ? undefined : (opened as Device)
if (opened instanceof DeviceError)
  console.warn(`SKIPPED: the tests of encoders on WebGPU. ${opened.message}. Run them with npm test.`)
afterAll(() => device?.close())

const platform = nodePlatform({})

async function outputs(folder: string, on: Device | 'cpu'): Promise<number[]> {
  const encoder = await loadEncoder({ folder: fixturePath(folder) }, { platform, device: on, threads: 1 })
  const { texts } = readFixtureJson<{ texts: string[] }>(folder, 'texts.json')
  try {
    if (encoder.kind === 'embedder') return (await encoder.embed(texts)).flatMap((vector) => [...vector])
    if (encoder.kind === 'reranker') return (await encoder.logits(texts)).flatMap((row) => [...row])
    return (await encoder.classify(texts)).flatMap((result) => [...result.logits])
  } finally {
    await encoder.close()
  }
}

describe.skipIf(device === undefined)('encoders on WebGPU', () => {
  // every op has a kernel there: compilation refuses what would fall back to the CPU
  test.each(['tiny-bert', 'tiny-modernbert'])('%s gives what the CPU gives', async (folder) => {
    expect(largestDifference(await outputs(folder, device!), await outputs(folder, 'cpu'))).toBeLessThan(1e-4)
  })
})
