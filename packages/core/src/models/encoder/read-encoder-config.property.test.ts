import type { JsonObject, JsonValue } from '@lc/model'
import { isLcError } from '@lc/model/errors'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readFixtureJson } from '../../../fixtures/read-fixture.ts'
import { readEncoderConfig } from './read-encoder-config.ts'

const folders = ['tiny-bert', 'tiny-bert-tokens', 'tiny-xlm-roberta', 'tiny-modernbert']
const hostile = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom<JsonValue>(0, -1, 1e308, 2 ** 53, 0.5, null, 'full_attention', [], {}, '__proto__'),
)

describe.each(folders)('the configuration of %s with wrong fields', (folder) => {
  const original = readFixtureJson<JsonObject>(folder, 'config.json')

  test('is read, or refused with an error that names a problem', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...Object.keys(original)), hostile as fc.Arbitrary<JsonValue>),
        (changes) => {
          try {
            const config = readEncoderConfig({ ...original, ...changes })
            expect(config.hiddenSize % config.headCount).toBe(0)
            expect(config.layerCount).toBeLessThanOrEqual(1024)
            expect(config.contextLength).toBeGreaterThan(0)
          } catch (error) {
            expect(isLcError(error) && ['file-format', 'unsupported-model'].includes(error.code), String(error)).toBe(
              true,
            )
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})

test.each([
  ['hidden_size', 33, 'num_attention_heads must be a divisor of 33'],
  ['num_hidden_layers', 5000, 'num_hidden_layers must be a whole number from 1 to 1024'],
  ['hidden_act', 'swiglu', 'hidden_act must be one of'],
  ['position_embedding_type', 'relative_key', 'position_embedding_type must be absolute'],
  ['id2label', { 0: 'A', 2: 'B' }, 'id2label must be names for 0 to 1'],
])('%s = %j', (field, value, message) => {
  const config = { ...readFixtureJson<JsonObject>('tiny-bert-tokens', 'config.json'), [field]: value as JsonValue }
  expect(() => readEncoderConfig(config)).toThrow(expect.objectContaining({ code: 'file-format' }))
  expect(() => readEncoderConfig(config)).toThrow(message)
})

test('another family is refused with the ones there are', () => {
  expect(() => readEncoderConfig({ model_type: 't5' })).toThrow(
    expect.objectContaining({ code: 'unsupported-model', modelType: 't5' }),
  )
})

test('older keys of ModernBERT mean what the newer ones mean', () => {
  const newer = readFixtureJson<JsonObject>('tiny-modernbert', 'config.json')
  const { rope_parameters: _, layer_types: __, ...rest } = newer
  const older = { ...rest, global_rope_theta: 160000, local_rope_theta: 10000, global_attn_every_n_layers: 3 }
  expect(readEncoderConfig(older)).toEqual(readEncoderConfig(newer))
})
