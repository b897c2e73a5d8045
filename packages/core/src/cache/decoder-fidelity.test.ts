import { afterAll, describe, expect, test } from 'vitest'
import { fixturePath, largestDifference, readFixtureJson, readFixtureTensors } from '../../fixtures/read-fixture.ts'
import { type AttentionPattern, fullAttention } from '../models/decoder/attention-pattern.ts'
import { DecoderPrograms } from '../models/decoder/decoder-programs.ts'
import { decoderConfigOf } from '../models/registry.ts'
import { fileBytes } from '../node-platform/file-bytes.ts'
import { nodeDevice } from '../node-platform/node-device.ts'
import type { HostTensor } from '../runtime/tensor.ts'
import { openSafetensors } from '../weights/safetensors/open-safetensors.ts'
import { DecoderRunner, type RunOutputs } from './decoder-runner.ts'
import type { KvCache } from './kv-cache.ts'

const families = ['tiny-llama', 'tiny-mistral', 'tiny-qwen2', 'tiny-qwen3', 'tiny-gemma3', 'tiny-phi3', 'tiny-smollm3']
const tolerance = 1e-4
const device = await nodeDevice({ kind: 'cpu', threads: 1 })
const open: { close(): Promise<void> }[] = []
afterAll(async () => {
  for (const each of open.reverse()) await each.close()
  await device.close()
})

async function openRunner(folder: string, configFile = 'config.json', attention: AttentionPattern = fullAttention) {
  const config = decoderConfigOf(readFixtureJson(folder, configFile))
  const weights = await openSafetensors(await fileBytes(fixturePath(folder, 'model.safetensors')))
  const programs = new DecoderPrograms({ config, files: { weights, hash: folder, name: folder }, device, attention })
  open.push(weights, programs)
  return new DecoderRunner({ config, programs, attention })
}

function floats(tensor: HostTensor | undefined): Float32Array {
  return tensor!.data as Float32Array
}

/** Logits of hidden states. */
async function logitsOf(runner: DecoderRunner, hidden: Float32Array): Promise<Float32Array> {
  const head = await runner.programs.get({ kind: 'head', accuracy: 'exact' })
  const rows = hidden.length / runner.config.hiddenSize
  const feeds = {
    hidden: { dtype: 'float32', shape: [rows, runner.config.hiddenSize], data: hidden },
    targets: { dtype: 'int64', shape: [rows, 1], data: new BigInt64Array(rows) },
  } as const
  return floats((await head.run(feeds, ['logits'])).logits)
}

function close(actual: ArrayLike<number>, expected: HostTensor | { data: ArrayLike<number> }, most = tolerance): void {
  expect(largestDifference(actual, expected.data as ArrayLike<number>)).toBeLessThan(most)
}

describe.each(families)('%s', (folder) => {
  test('logits, hidden states, keys and values are those of transformers', async () => {
    const [runner, expected] = [await openRunner(folder), await readFixtureTensors(folder, 'expected.safetensors')]
    const ids = expected.get('input_ids')!.data
    const cache = runner.createCache()
    const layers = runner.config.layers.length
    const fetches = ['hidden', ...Array.from({ length: layers }, (_, layer) => `stream.${layer}`)]
    const ropes = runner.ropes.forLength(ids.length)
    const outputs = await runner.runChunk({ cache, ids, accuracy: 'exact', ropes, fetches })
    close(await logitsOf(runner, floats(outputs.hidden)), expected.get('logits')!)
    for (let layer = 0; layer < layers; layer++) {
      close(floats(outputs[`stream.${layer}`]), expected.get(`hidden_states.${layer}`)!)
      checkCache(cache, layer, expected.get(`keys.${layer}`)!.data, expected.get(`values.${layer}`)!.data)
    }
    close(floats(outputs.hidden), expected.get(`hidden_states.${layers}`)!)
  })

  test('a prefill, a chunk and steps on a cache give the logits of the whole', async () => {
    const [runner, expected] = [await openRunner(folder), await readFixtureTensors(folder, 'expected.safetensors')]
    close(await cachedLogits(runner, expected.get('input_ids')!.data), expected.get('cached.logits')!)
  })

  test('open attention gives what the fused kernel gives', async () => {
    const attention: AttentionPattern = { id: 'open', prefill: 'open' }
    const runner = await openRunner(folder, 'config.json', attention)
    const expected = await readFixtureTensors(folder, 'expected.safetensors')
    close(await cachedLogits(runner, expected.get('input_ids')!.data), expected.get('cached.logits')!)
  })

  test('each row of a padded batch equals its single run', async () => {
    const [runner, expected] = [await openRunner(folder), await readFixtureTensors(folder, 'expected.safetensors')]
    const { data: ids, shape } = expected.get('batch.input_ids')!
    const mask = expected.get('batch.attention_mask')!.data
    const texts = Array.from({ length: shape[0]! }, (_, row) => {
      const at = (column: number): number => row * shape[1]! + column
      return Array.from({ length: shape[1]! }, (_, column) => ids[at(column)]!).filter((_, column) => mask[at(column)])
    })
    const ropes = runner.ropes.forLength(shape[1]!)
    const batch = floats((await runner.runBatch(texts, { accuracy: 'exact', ropes, fetches: ['hidden'] })).hidden)
    const logits: number[] = []
    for (const [row, text] of texts.entries()) {
      const from = row * shape[1]! * runner.config.hiddenSize
      const own = batch.slice(from, from + text.length * runner.config.hiddenSize)
      const cache = runner.createCache()
      const single = await runner.runChunk({ cache, ids: text, accuracy: 'exact', ropes, fetches: ['hidden'] })
      expect(largestDifference(own, floats(single.hidden))).toBeLessThan(1e-5)
      logits.push(...(await logitsOf(runner, own)))
    }
    close(logits, expected.get('batch.logits')!)
  })

  test('fast stays near exact', async () => {
    const [runner, expected] = [await openRunner(folder), await readFixtureTensors(folder, 'expected.safetensors')]
    const ids = expected.get('input_ids')!.data
    const ropes = runner.ropes.forLength(ids.length)
    const request = { cache: runner.createCache(), ids, accuracy: 'fast', ropes, fetches: ['hidden'] } as const
    const hidden = floats((await runner.runChunk(request)).hidden)
    const states = expected.get(`hidden_states.${runner.config.layers.length}`)!.data as Float32Array
    expect(relativeError(hidden, states)).toBeLessThan(0.1)
    const step = await runner.runStep({ ...request, ids: ids.slice(0, 1), fetches: ['logits'] })
    expect(floats(step.logits).every(Number.isFinite)).toBe(true)
  })
})

/** Logits from token 12 on: a chunk of 6, then steps. */
async function cachedLogits(runner: DecoderRunner, ids: ArrayLike<number>): Promise<number[]> {
  const cache = runner.createCache()
  const ropes = runner.ropes.forLength(ids.length)
  const all = Array.from(ids)
  const base = { cache, accuracy: 'exact', ropes } as const
  await runner.runChunk({ ...base, ids: all.slice(0, 12) })
  const chunk = await runner.runChunk({ ...base, ids: all.slice(12, 18), fetches: ['hidden'] })
  const logits = [...(await logitsOf(runner, floats(chunk.hidden)))]
  for (const id of all.slice(18)) {
    const step: RunOutputs = await runner.runStep({ ...base, ids: [id], fetches: ['logits'] })
    logits.push(...floats(step.logits))
  }
  return logits
}

/** `[G, T, D]` against the cache. */
function checkCache(cache: KvCache, layer: number, keys: ArrayLike<number>, values: ArrayLike<number>): void {
  const { kvHeads } = cache.shape
  const own: { keys: number[]; values: number[] } = { keys: [], values: [] }
  for (let head = 0; head < kvHeads; head++)
    for (let slot = 0; slot < cache.lengthOf(layer, head); slot++) {
      own.keys.push(...cache.layer(layer).keyAt(head, slot))
      own.values.push(...cache.layer(layer).valueAt(head, slot))
    }
  close(own.keys, { data: keys })
  close(own.values, { data: values })
}

function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [difference, size] = [0, 0]
  for (let index = 0; index < expected.length; index++) {
    difference += (actual[index]! - expected[index]!) ** 2
    size += expected[index]! ** 2
  }
  return Math.sqrt(difference / size)
}

describe.each(['linear', 'dynamic', 'llama3', 'yarn', 'yarn-mscale', 'longrope'])('rotary scaling: %s', (name) => {
  test.each(['short', 'long'])('a %s text', async (length) => {
    const runner = await openRunner('rope-scaling', `${name}.config.json`)
    const expected = await readFixtureTensors('rope-scaling', `${name}.expected.safetensors`)
    const ids = Array.from(expected.get('input_ids')!.data).slice(0, length === 'short' ? 12 : 28)
    const ropes = runner.ropes.forLength(ids.length)
    const request = { cache: runner.createCache(), ids, accuracy: 'exact', ropes, fetches: ['hidden'] } as const
    const { hidden } = await runner.runChunk(request)
    close(await logitsOf(runner, floats(hidden)), expected.get(`${length}.logits`)!)
  })
})
