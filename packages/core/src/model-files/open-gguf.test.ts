import { readFileSync } from 'node:fs'
import type { JsonObject } from '@lc/model'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fixturePath, readFixtureJson } from '../../fixtures/read-fixture.ts'
import { nodeFilePlatform } from '../node-platform/node-file-platform.ts'
import { memoryBytes } from '../weights/memory-bytes.ts'
import { openSafetensors } from '../weights/safetensors/open-safetensors.ts'
import type { WeightSource } from '../weights/weight-source.ts'
import type { ModelFiles } from './model-files.ts'
import { openModel } from './open-model.ts'

const platform = nodeFilePlatform({ LC_CACHE: '/nonexistent/lc-cache' })

function open(name: string): Promise<ModelFiles> {
  return openModel(fixturePath('gguf-files', name), { platform })
}

async function original(folder: string): Promise<WeightSource> {
  return openSafetensors(memoryBytes(readFileSync(fixturePath(folder, 'model.safetensors')), folder))
}

/** Files that the gguf package wrote from the tiny models; see `fixtures/gguf-files/make.py`. */
describe('llama-f32.gguf', () => {
  let model: ModelFiles
  beforeAll(async () => {
    model = await open('llama-f32.gguf')
  })
  afterAll(() => model.close())

  test('has the weights of the model it was made from, by their names and in their row order', async () => {
    const expected = await original('tiny-llama')
    expect([...model.weights.names].sort()).toEqual([...expected.names].sort())
    for (const name of expected.names) {
      expect(model.weights.info(name)!.shape).toEqual(expected.info(name)!.shape)
      expect(await model.weights.float32(name)).toEqual(await expected.float32(name))
    }
  })

  test('gives rows alone, also of interleaved projections', async () => {
    for (const name of ['model.layers.0.self_attn.q_proj.weight', 'model.layers.1.mlp.down_proj.weight']) {
      const [, columns] = model.weights.info(name)!.shape
      const whole = await model.weights.float32(name)
      expect(await model.weights.float32Rows(name, 3, 9)).toEqual(whole.slice(3 * columns!, 9 * columns!))
    }
  })

  test('says where plain weights lie, except those that are not usable as they lie', () => {
    const { weights } = model
    const place = weights.location('model.layers.0.mlp.up_proj.weight')!
    const bytes = readFileSync(place.path).subarray(place.offset, place.offset + place.length)
    expect(bytes.length).toBe(weights.info('model.layers.0.mlp.up_proj.weight')!.byteLength)
    expect(weights.location('model.layers.0.self_attn.k_proj.weight')).toBeUndefined()
    expect(weights.location('no.such.weight')).toBeUndefined()
  })

  test('has the configuration of the model it was made from', () => {
    const expected = readFixtureJson<JsonObject>('tiny-llama', 'config.json')
    for (const key of [
      'model_type',
      'vocab_size',
      'hidden_size',
      'intermediate_size',
      'num_hidden_layers',
      'num_attention_heads',
      'num_key_value_heads',
      'head_dim',
      'rms_norm_eps',
      'max_position_embeddings',
      'tie_word_embeddings',
    ])
      expect([key, model.config[key]]).toEqual([key, expected[key]])
    expect(model.config.rope_theta).toBe(100000)
  })

  test('has the tokenizer of the model it was made from', async () => {
    const folder = await openModel(fixturePath('tiny-llama'), { platform })
    for (const text of ['Hello there', 'def f(x):', 'Zażółć 你好 🌍', '  a\r\n\tb'])
      expect(model.tokenizer.encode(text)).toEqual(folder.tokenizer.encode(text))
    await folder.close()
  })
})

test('split files are one model, and a part alone is refused', async () => {
  const whole = await open('llama-q8_0-00001-of-00002.gguf')
  const expected = await original('tiny-llama')
  expect([...whole.weights.names].sort()).toEqual([...expected.names].sort())
  // half a step of 8 bits
  for (const name of expected.names) {
    const values = await expected.float32(name)
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    const ours = await whole.weights.float32(name)
    for (let i = 0; i < values.length; i++) expect(Math.abs(ours[i]! - values[i]!)).toBeLessThanOrEqual(largest / 250)
  }
  await whole.close()
  await expect(open('llama-q8_0-00002-of-00002.gguf')).rejects.toMatchObject({ code: 'file-format' })
})

test.each(['llama-q4_1.gguf', 'llama-q8_0-00001-of-00002.gguf'])(
  '%s: packed weights mean the dequantised ones',
  async (file) => {
    const { weights, close } = await open(file)
    for (const name of weights.names) {
      const packed = await weights.packed(name)
      expect(packed === undefined).toBe(weights.packing(name) === undefined)
      if (!packed) continue
      const values = await weights.float32(name)
      const { bits, blockSize, columns, data, scales, correction } = packed
      for (let i = 0; i < values.length; i++) {
        const block = Math.floor(i / columns) * (columns / blockSize) + Math.floor((i % columns) / blockSize)
        const q = bits === 8 ? data[i]! : (data[i >> 1]! >> (4 * (i & 1))) & 15
        const value = (q - 2 ** (bits - 1)) * scales[block]! + (correction?.[block] ?? 0)
        expect(Math.abs(value - values[i]!)).toBeLessThan(1e-6)
      }
    }
    await close()
  },
)

test('gemma3-q8_0.gguf: norms come without the 1 that the file adds, defaults fill what the file does not say', async () => {
  const model = await open('gemma3-q8_0.gguf')
  const expected = await original('tiny-gemma3')
  const config = readFixtureJson<JsonObject>('tiny-gemma3', 'config.json')
  for (const name of expected.names.filter((weight) => weight.endsWith('norm.weight'))) {
    const values = await expected.float32(name)
    const ours = await model.weights.float32(name)
    for (let i = 0; i < values.length; i++) expect(ours[i]).toBeCloseTo(values[i]!, 6)
    expect(model.weights.location(name)).toBeUndefined()
  }
  expect(model.config.sliding_window).toBe(config.sliding_window)
  expect(model.config).toMatchObject({
    model_type: 'gemma3_text',
    hidden_activation: 'gelu_pytorch_tanh',
    rope_local_base_freq: 10000,
  })
  expect(model.config.layer_types).toEqual(
    Array.from({ length: config.num_hidden_layers as number }, () => 'sliding_attention'),
  )
  await model.close()
})
