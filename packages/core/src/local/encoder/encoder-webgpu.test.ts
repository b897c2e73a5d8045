/** @file Encoders on WebGPU against the CPU. Without a GPU it runs on a software driver (see the contributing guide). */
import { afterAll, describe, expect, test } from 'vitest'
import { fixturePath, largestDifference, readFixtureJson, readFixtureTensors } from '../../../fixtures/read-fixture.ts'
import { DeviceError } from '../../errors/device-error.ts'
import { openModel } from '../../model-files/open-model.ts'
import { encoderFeeds } from '../../models/encoder/encoder-feeds.ts'
import { buildEncoderGraph } from '../../models/encoder/encoder-graph.ts'
import { bindEncoderWeights } from '../../models/encoder/encoder-weights.ts'
import { readEncoderConfig } from '../../models/encoder/read-encoder-config.ts'
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

  test('a long text without a mask gives the recorded states', async () => {
    const folder = 'tiny-modernbert'
    const files = await openModel({ folder: fixturePath(folder) }, { platform })
    const config = readEncoderConfig(files.config)
    const graph = buildEncoderGraph(config, { weights: files.weights, padding: 'none' })
    const program = await device!.compile(graph, { weights: await bindEncoderWeights(graph, files.weights) })
    const expected = await readFixtureTensors(folder, 'expected.safetensors')
    const feeds = encoderFeeds(config, [{ ids: expected.get('input_ids')!.data }], 'none')
    const { states } = await program.run(feeds, ['states'])
    const difference = largestDifference(states!.data as Float32Array, expected.get('last_hidden_state')!.data)
    expect(difference).toBeLessThan(1e-4)
    await program.close()
    await files.close()
  })
})
