/** @file Small decoders on WebGPU against the CPU: prompts in chunks, single steps, and the output head. */
import { afterAll, describe, expect, test } from 'vitest'
import { openFixtureRunner } from '../../fixtures/open-fixture-runner.ts'
import { largestDifference } from '../../fixtures/read-fixture.ts'
import type { DecoderRunner } from '../cache/decoder-runner.ts'
import { DeviceError } from '../errors/device-error.ts'
import type { Device } from '../runtime/device.ts'
import { nodeDevice } from './node-device.ts'

const opened = await nodeDevice({ kind: 'webgpu' }).catch((error: unknown) => error)
const webgpu = opened instanceof DeviceError ? undefined : (opened as Device)
if (opened instanceof DeviceError)
  console.warn(
    `SKIPPED: decoders on WebGPU in Node. ${opened.message}. Run them with npm test, which sets a software driver.`,
  )
const cpu = await nodeDevice({ kind: 'cpu', threads: 1 })
const open: { close(): Promise<void> }[] = []

afterAll(async () => {
  for (const each of open.reverse()) await each.close()
  await webgpu?.close()
  await cpu.close()
})

const openRunner = (folder: string, device: Device): Promise<DecoderRunner> => openFixtureRunner(folder, device, open)

/** Log-probabilities of the next token for a prompt in two chunks, and logits of three steps after it. */
async function resultsOf(runner: DecoderRunner): Promise<{ logprobs: Float32Array; logits: Float32Array }> {
  const ids = Uint32Array.from({ length: 45 }, (_, at) => (at * 37 + 11) % runner.config.vocabularySize)
  const ropes = runner.ropes.forLength(ids.length + 3)
  const cache = runner.createCache()
  const run = { cache, accuracy: 'exact', ropes } as const
  const hidden: number[] = []
  for (const [from, to] of [
    [0, 40],
    [40, 45],
  ] as const) {
    const outputs = await runner.runChunk({ ...run, ids: ids.subarray(from, to), fetches: ['hidden'] })
    hidden.push(...(outputs.hidden!.data as Float32Array))
  }
  const head = await runner.programs.get({ kind: 'head', accuracy: 'exact' })
  const feeds = {
    hidden: { dtype: 'float32', shape: [45, runner.config.hiddenSize], data: Float32Array.from(hidden) },
    targets: { dtype: 'int64', shape: [45, 1], data: BigInt64Array.from(ids, (_, at) => BigInt(ids[at + 1] ?? 0)) },
  } as const
  const { logprobs } = await head.run(feeds, ['logprobs'])
  const steps: number[] = []
  for (const id of [5, 9, 2]) {
    const { logits } = await runner.runStep({ ...run, ids: [id] })
    steps.push(...(logits!.data as Float32Array))
  }
  return { logprobs: logprobs!.data as Float32Array, logits: Float32Array.from(steps) }
}

describe.skipIf(webgpu === undefined)('decoders on WebGPU', () => {
  test.each(['tiny-llama', 'tiny-gemma3'])('%s gives the numbers of the CPU', async (folder) => {
    const expected = await resultsOf(await openRunner(folder, cpu))
    const actual = await resultsOf(await openRunner(folder, webgpu!))
    expect(largestDifference(actual.logprobs, expected.logprobs)).toBeLessThan(1e-3)
    expect(largestDifference(actual.logits, expected.logits)).toBeLessThan(1e-3)
  })
})
