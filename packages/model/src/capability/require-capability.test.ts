import { describe, expect, test } from 'vitest'
import { UnsupportedCapabilityError } from '../errors/unsupported-capability-error.ts'
import { hasCapability, requireCapability } from './require-capability.ts'

const scorer = { id: 'scorer', score: async () => [] }

describe('requireCapability', () => {
  test('gives a model that has it back, and says so to the compiler', async () => {
    const model: object = scorer
    expect(await requireCapability(model, 'score', 'longCodeZip').score([])).toEqual([])
    expect(hasCapability(model, 'score') && model.score).toBe(scorer.score)
  })

  test('names the model, what needs it, and where to get one', () => {
    expect(() => requireCapability(scorer, 'embed', 'retrieve')).toThrow(UnsupportedCapabilityError)
    expect(() => requireCapability(scorer, 'embed', 'retrieve')).toThrow(
      'scorer cannot embed, which retrieve needs; give an Embedder',
    )
    expect(() => requireCapability({ embed: 'no method' }, 'embed', 'retrieve')).toThrow(
      /^the given model cannot embed/,
    )
  })
})
