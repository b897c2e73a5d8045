import { readFileSync } from 'node:fs'
import type { JsonObject } from '@lc/model'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fixturePath } from '../../../fixtures/read-fixture.ts'
import { memoryBytes } from '../memory-bytes.ts'
import { ggufConfig, ggufHeadCounts } from './gguf-config.ts'
import { GgufMetadata, type GgufValue } from './gguf-metadata.ts'
import { huggingFaceName } from './gguf-names.ts'
import { readGgufHeader } from './read-gguf-header.ts'

/** Writes the parts of a GGUF file. */
class Writer {
  readonly #parts: number[] = []
  u32(value: number): this {
    for (let shift = 0; shift < 32; shift += 8) this.#parts.push((value >>> shift) & 255)
    return this
  }
  u64(value: number | bigint): this {
    for (let shift = 0n; shift < 64n; shift += 8n) this.#parts.push(Number((BigInt(value) >> shift) & 255n))
    return this
  }
  text(value: string): this {
    const bytes = new TextEncoder().encode(value)
    this.u64(bytes.length)
    for (const byte of bytes) this.#parts.push(byte)
    return this
  }
  zeros(count: number): this {
    for (let i = 0; i < count; i++) this.#parts.push(0)
    return this
  }
  padded(alignment = 32): this {
    return this.zeros((alignment - (this.#parts.length % alignment)) % alignment)
  }
  bytes(): Uint8Array {
    return Uint8Array.from(this.#parts)
  }
}

const head = (tensors: number | bigint, pairs: number | bigint, version = 3): Writer =>
  new Writer().u32(0x46554747).u32(version).u64(tensors).u64(pairs)
const tensor = (
  writer: Writer,
  name: string,
  dimensions: (number | bigint)[],
  type: number,
  offset: number,
): Writer => {
  writer.text(name).u32(dimensions.length)
  for (const size of dimensions) writer.u64(size)
  return writer.u32(type).u64(offset)
}
const read = (bytes: Uint8Array): ReturnType<typeof readGgufHeader> => readGgufHeader(memoryBytes(bytes, 'test.gguf'))

test('tensors lie one behind the other, padded, with their shape turned round', async () => {
  const bytes = tensor(tensor(head(2, 0), 'a', [32, 3], 8, 0), 'b', [5], 0, 128)
    .padded()
    .zeros(128 + 20)
    .bytes()
  const { tensors, dataStart } = await read(bytes)
  expect([...tensors.values()]).toMatchObject([
    { name: 'a', shape: [3, 32], offset: dataStart, byteLength: 3 * 34 },
    { name: 'b', shape: [5], offset: dataStart + 128, byteLength: 20 },
  ])
})

test('a header longer than the first read is read on', async () => {
  const long = 'x'.repeat(1_500_000)
  const { metadata } = await read(head(0, 1).text('general.name').u32(8).text(long).bytes())
  expect(metadata.string('general.name')).toBe(long)
})

test.each<[string, Uint8Array]>([
  ['an empty file', new Uint8Array(0)],
  ['another magic number', new Writer().u32(0x46554746).u32(3).u64(0).u64(0).bytes()],
  ['version 1', head(0, 0, 1).bytes()],
  ['version 4', head(0, 0, 4).bytes()],
  ['a big-endian file', head(0, 0, 0x03000000).bytes()],
  [
    'more tensors than fit',
    head(2n ** 62n, 0)
      .zeros(100)
      .bytes(),
  ],
  [
    'more metadata than fits',
    head(0, 2n ** 40n)
      .zeros(100)
      .bytes(),
  ],
  ['an empty key', head(0, 1).text('').u32(0).zeros(1).bytes()],
  ['a key twice', head(0, 2).text('a').u32(7).zeros(1).text('a').u32(7).zeros(1).bytes()],
  ['a value of an unknown type', head(0, 1).text('a').u32(13).zeros(8).bytes()],
  ['a list of lists', head(0, 1).text('a').u32(9).u32(9).u64(1).zeros(20).bytes()],
  [
    'a text longer than the file',
    head(0, 1)
      .text('a')
      .u32(8)
      .u64(2n ** 40n)
      .bytes(),
  ],
  [
    'a list longer than the file',
    head(0, 1)
      .text('a')
      .u32(9)
      .u32(4)
      .u64(2n ** 40n)
      .bytes(),
  ],
  ['a list of texts longer than the file', head(0, 1).text('a').u32(9).u32(8).u64(1000).zeros(50).bytes()],
  ['an odd alignment', head(0, 1).text('general.alignment').u32(4).u32(12).bytes()],
  ['a tensor of five dimensions', tensor(head(1, 0), 'a', [1, 1, 1, 1, 1], 0, 0).padded().zeros(4).bytes()],
  [
    'a tensor twice',
    tensor(tensor(head(2, 0), 'a', [1], 0, 0), 'a', [1], 0, 32)
      .padded()
      .zeros(64)
      .bytes(),
  ],
  ['a tensor of a refused type', tensor(head(1, 0), 'a', [256], 16, 0).padded().zeros(500).bytes()],
  ['a tensor of an unknown type', tensor(head(1, 0), 'a', [256], 99, 0).padded().zeros(500).bytes()],
  ['rows that are not whole blocks', tensor(head(1, 0), 'a', [33], 8, 0).padded().zeros(500).bytes()],
  [
    'a hole',
    tensor(tensor(head(2, 0), 'a', [1], 0, 0), 'b', [1], 0, 64)
      .padded()
      .zeros(200)
      .bytes(),
  ],
  [
    'an overlap',
    tensor(tensor(head(2, 0), 'a', [16], 0, 0), 'b', [1], 0, 32)
      .padded()
      .zeros(200)
      .bytes(),
  ],
  [
    'dimensions that overflow',
    tensor(head(1, 0), 'a', [2n ** 40n, 2n ** 40n], 0, 0)
      .padded()
      .zeros(200)
      .bytes(),
  ],
  [
    'a dimension beyond 2^53',
    tensor(head(1, 0), 'a', [2n ** 60n], 0, 0)
      .padded()
      .zeros(200)
      .bytes(),
  ],
  ['a tensor behind the end', tensor(head(1, 0), 'a', [100], 0, 0).padded().zeros(396).bytes()],
])('%s is refused with a place', async (_, bytes) => {
  await expect(read(bytes)).rejects.toMatchObject({
    code: 'file-format',
    file: 'test.gguf',
    format: 'gguf',
    offset: expect.any(Number),
  })
})

test('a file cut anywhere is refused or has a whole header', async () => {
  const whole = new Uint8Array(readFileSync(fixturePath('gguf-files', 'llama-q4_1.gguf')))
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), async (length) => {
      await expect(read(whole.slice(0, length))).rejects.toMatchObject({ code: 'file-format' })
    }),
    { numRuns: 150 },
  )
})

function config(
  values: Record<string, GgufValue>,
  factors?: Parameters<typeof ggufConfig>[0]['ropeFactors'],
): JsonObject {
  const architecture = String(values['general.architecture'])
  const prefixed = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key.replace('*', architecture), value]),
  )
  return ggufConfig({
    metadata: new GgufMetadata('test.gguf', new Map(Object.entries(prefixed))),
    hasOutput: true,
    hasBias: () => false,
    vocabularySize: 100,
    ...(factors && { ropeFactors: factors }),
  })
}

const llama: Record<string, GgufValue> = {
  'general.architecture': 'llama',
  '*.block_count': 4,
  '*.embedding_length': 64,
  '*.attention.head_count': 4,
  '*.feed_forward_length': 128,
  '*.context_length': 1024,
}

describe('ggufConfig', () => {
  test('fills in what a file may leave out', () => {
    expect(config(llama)).toMatchObject({
      num_key_value_heads: 4,
      head_dim: 16,
      rope_theta: 10000,
      tie_word_embeddings: false,
      vocab_size: 100,
    })
  })

  test('lists per layer collapse when they are all the same, and are refused otherwise', () => {
    const list = (values: number[]): GgufValue => ({ kind: 'numbers', length: values.length, values })
    expect(config({ ...llama, '*.feed_forward_length': list([128, 128, 128, 128]) }).intermediate_size).toBe(128)
    expect(() => config({ ...llama, '*.feed_forward_length': list([128, 128, 128, 64]) })).toThrow(
      expect.objectContaining({ code: 'file-format' }),
    )
    expect(() => config({ ...llama, '*.attention.head_count_kv': list([4, 2, 4, 2]) })).toThrow(
      expect.objectContaining({ code: 'file-format' }),
    )
  })

  test('scalings of RoPE', () => {
    expect(config({ ...llama, '*.rope.scaling.type': 'linear', '*.rope.scaling.factor': 4 }).rope_scaling).toEqual({
      rope_type: 'linear',
      factor: 4,
    })
    expect(
      config({
        ...llama,
        '*.rope.scaling.type': 'yarn',
        '*.rope.scaling.factor': 4,
        '*.rope.scaling.original_context_length': 256,
      }).rope_scaling,
    ).toEqual({ rope_type: 'yarn', factor: 4, original_max_position_embeddings: 256, beta_fast: 32, beta_slow: 1 })
    expect(config(llama, { frequencies: Float32Array.of(1, 2, 8) }).rope_scaling).toEqual({
      rope_type: 'longrope',
      long_factor: [1, 2, 8],
      short_factor: [1, 2, 8],
      original_max_position_embeddings: 1024,
      attention_factor: 1,
    })
    expect(() => config({ ...llama, '*.rope.scaling.type': 'other', '*.rope.scaling.factor': 2 })).toThrow(
      expect.objectContaining({ code: 'file-format' }),
    )
  })

  test('families', () => {
    expect(config({ ...llama, 'general.architecture': 'smollm3' }).no_rope_layers).toEqual([1, 1, 1, 0])
    expect(
      config({ ...llama, 'general.architecture': 'gemma3', '*.block_count': 7, '*.attention.key_length': 32 }),
    ).toMatchObject({
      model_type: 'gemma3_text',
      query_pre_attn_scalar: 32,
      max_position_embeddings: 1024,
      layer_types: [...Array.from({ length: 5 }, () => 'sliding_attention'), 'full_attention', 'sliding_attention'],
    })
    expect(config({ ...llama, 'general.architecture': 'bert', '*.attention.layer_norm_epsilon': 1e-12 })).toMatchObject(
      { model_type: 'bert', layer_norm_eps: 1e-12 },
    )
    expect(config({ ...llama, 'general.architecture': 'phi3', '*.rope.dimension_count': 12 })).toMatchObject({
      partial_rotary_factor: 0.75,
      sliding_window: null,
    })
  })

  test('architectures that are not known are named', () => {
    expect(() => config({ ...llama, '*.expert_count': 8 })).toThrow(
      expect.objectContaining({ code: 'unsupported-model' }),
    )
    expect(() => config({ ...llama, 'general.architecture': 'mamba' })).toThrow(
      expect.objectContaining({ code: 'unsupported-model', modelType: 'mamba' }),
    )
    expect(() => config({ ...llama, 'general.architecture': 'constructor' })).toThrow(
      expect.objectContaining({ code: 'unsupported-model' }),
    )
  })

  test.each<[string, Record<string, GgufValue>]>([
    ['a missing size', { '*.embedding_length': 0 }],
    ['a size that is text', { '*.embedding_length': '64' }],
    ['a negative size', { '*.block_count': -4 }],
    ['more layers than can be', { '*.block_count': 2 ** 30 }],
    ['heads that do not divide', { '*.attention.head_count': 3 }],
    ['a size beyond 2^53', { '*.context_length': 2n ** 60n }],
  ])('%s is refused', (_, values) => {
    expect(() => config({ ...llama, ...values })).toThrow(expect.objectContaining({ code: 'file-format' }))
  })

  test('head counts', () => {
    const metadata = new GgufMetadata(
      't',
      new Map<string, GgufValue>([
        ['general.architecture', 'llama'],
        ['llama.block_count', 2],
        ['llama.attention.head_count', 8],
        ['llama.attention.head_count_kv', 2],
      ]),
    )
    expect(ggufHeadCounts(metadata)).toEqual({ headCount: 8, kvHeadCount: 2 })
  })
})

test.each([
  ['llama', 'token_embd.weight', 'model.embed_tokens.weight'],
  ['llama', 'blk.11.ffn_norm.weight', 'model.layers.11.post_attention_layernorm.weight'],
  ['gemma3', 'blk.0.ffn_norm.weight', 'model.layers.0.pre_feedforward_layernorm.weight'],
  ['gemma3', 'blk.0.post_attention_norm.weight', 'model.layers.0.post_attention_layernorm.weight'],
  ['qwen2', 'blk.3.attn_q.bias', 'model.layers.3.self_attn.q_proj.bias'],
  ['phi3', 'blk.3.ffn_up.weight', 'model.layers.3.mlp.gate_up_proj.weight'],
  ['bert', 'blk.2.layer_output_norm.bias', 'encoder.layer.2.output.LayerNorm.bias'],
  ['modern-bert', 'blk.2.attn_qkv.weight', 'layers.2.attn.Wqkv.weight'],
  ['llama', 'rope_freqs.weight', undefined],
  ['llama', 'blk.x.attn_q.weight', undefined],
  ['mamba', 'token_embd.weight', undefined],
  ['llama', 'constructor.weight', undefined],
])('%s: %s is %s', (architecture, name, expected) => {
  expect(huggingFaceName(architecture, name)).toBe(expected)
})
