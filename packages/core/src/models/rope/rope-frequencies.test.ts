import { expect, test } from 'vitest'
import { decoderConfigOf } from '../registry.ts'
import { ropeFrequencies } from './rope-frequencies.ts'

const config = {
  model_type: 'llama',
  vocab_size: 16,
  hidden_size: 64,
  intermediate_size: 16,
  num_attention_heads: 2,
  num_hidden_layers: 1,
  rms_norm_eps: 1e-5,
  rope_theta: 10_000,
  max_position_embeddings: 2048,
}
const inverse = (scaling: Record<string, string | number>, length = 100) =>
  ropeFrequencies(decoderConfigOf(config, { ropeScaling: scaling }).ropes.full!, length).inverse
const plain = inverse({ rope_type: 'default' })

test('NTK-aware scaling keeps the highest frequency and divides the lowest by the factor', () => {
  const scaled = inverse({ rope_type: 'ntk', factor: 4 })
  expect(scaled[0]).toBe(1)
  expect(scaled[15]! * 4).toBeCloseTo(plain[15]!, 12)
  for (let pair = 0; pair < 16; pair++) expect(scaled[pair]).toBeCloseTo((10_000 * 4 ** (32 / 30)) ** (-pair / 16), 12)
  expect(inverse({ rope_type: 'ntk', factor: 4 }, 100_000)).toEqual(scaled)
  expect(inverse({ rope_type: 'ntk', factor: 1 })).toEqual(plain)
})

test('dynamic scaling is NTK-aware scaling by the length', () => {
  // factor 2 at three times the trained length: 2 * 3 - 1
  expect(inverse({ rope_type: 'dynamic', factor: 2 }, 3 * 2048)).toEqual(inverse({ rope_type: 'ntk', factor: 5 }))
})

test.each([{ rope_type: 'ntk' }, { rope_type: 'ntk', factor: -1 }, { rope_type: 'nkt', factor: 2 }])(
  'refuses %o',
  (scaling) => {
    expect(() => inverse(scaling as Record<string, string | number>)).toThrow(/factor|rope_type/)
  },
)
