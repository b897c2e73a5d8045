import { describe, expect, test } from 'vitest'
import { policyByName, policyNames } from './policy-by-name.ts'

const options = { budget: 64, profile: '1\t0\n0\t1' }

describe('policies by name', () => {
  test.each(policyNames)('%s is made from its name', (name) => {
    const policy = policyByName(name, options)
    expect(policy.id.startsWith(name)).toBe(true)
    expect(Array.isArray(policy.triggers)).toBe(true)
  })

  test('wrappers take the name of what they wrap, and hand options on', () => {
    expect(policyByName('ada-kv', { budget: 64, base: 'expected-attention' }).id).toBe('ada-kv(expected-attention)')
    expect(policyByName('cam', { budget: 64 }).id).toBe('cam(h2o)')
    expect(() => policyByName('chunk-kv', { budget: 64, window: 65 })).toThrow(
      expect.objectContaining({ code: 'budget-too-small' }),
    )
  })

  test('other names are refused with the names there are', () => {
    expect(() => policyByName('snapkv', options)).toThrow(
      /policy must be one of "ada-kv", .*"value-merge"; got "snapkv"/,
    )
    expect(() => policyByName('ada-kv', { ...options, base: 'full' })).toThrow(
      expect.objectContaining({ code: 'invalid-argument', argument: 'base' }),
    )
  })

  test.each(policyNames.filter((name) => name !== 'full' && name !== 'duo-attention'))(
    '%s refuses to run without a budget',
    (name) => {
      expect(() => policyByName(name)).toThrow(
        expect.objectContaining({ code: 'invalid-argument', argument: 'budget' }),
      )
    },
  )

  test('options that cannot be are refused by name', () => {
    for (const [name, wrong] of [
      ['snap-kv', { window: 0 }],
      ['snap-kv', { pooling: { kind: 'average', kernel: 4 } }],
      ['snap-kv', { every: 0 }],
      ['snap-kv', { prompt: 'half' }],
      ['h2o', { accumulate: 'max' }],
      ['ada-kv', { alpha: 2 }],
      ['chunk-kv', { chunkLength: 0 }],
      ['kv-zip', { chunk: 0 }],
      ['kv-merger', { sigma: 0 }],
      ['look-m', { rule: 'sum' }],
      ['streaming-llm', { positions: 'new' }],
      ['pyramid-kv', { beta: 0 }],
      ['finch', { window: 0 }],
      ['finch', { positions: 'new' }],
      ['cam', { targets: 0 }],
      ['cam', { spread: 'mean' }],
      ['cam', { variant: 'paper' }],
    ] as const)
      expect(() => policyByName(name, { budget: 64, ...wrong }), name).toThrow(
        expect.objectContaining({ code: 'invalid-argument' }),
      )
  })
})
