import { fullAttention, fullCache } from '@lc/core'
import { expect, test } from 'vitest'
import { policyNames } from '../policies/policy-by-name.ts'
import { methodByName, methodNames } from './method-by-name.ts'
import { patternByName, patternNames } from './pattern-by-name.ts'
import { quest } from './quest.ts'

/** Patterns that are nothing without learned numbers, and the option that takes them. */
const learned = { a2ats: 'codebooks', dma: 'weights', nsa: 'gates', ssa: 'gates' } as const

test('a name and options give the pattern of its factory', () => {
  expect(patternByName('quest', { budget: 512, pageSize: 32 }).id).toBe(quest({ budget: 512, pageSize: 32 }).id)
})

test('every name is in kebab-case and refuses a budget of nothing', () => {
  for (const name of patternNames) {
    expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
    expect(() => patternByName(name, { budget: 0 })).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
    if (!(name in learned)) expect(patternByName(name, { budget: 4096 }).id).toContain(name)
  }
})

test.each(Object.entries(learned))('%s says that it needs %s', (name, weights) => {
  expect(() => patternByName(name, { budget: 1024 })).toThrow(
    expect.objectContaining({ code: 'invalid-argument', argument: weights }),
  )
})

test('another name is refused with those that are there', () => {
  expect(() => patternByName('no-such')).toThrow(/quest/)
  expect(() => methodByName('no-such')).toThrow(/snap-kv/)
})

test('policies and patterns are chosen alike', () => {
  expect(methodNames).toEqual([...policyNames, ...patternNames, 'lo-co-co'].sort())
  expect(() => methodByName('lo-co-co', { budget: 256 })).toThrow(/weights/)
  expect(new Set(methodNames).size).toBe(methodNames.length)
  const policy = methodByName('snap-kv', { budget: 256 })
  expect([policy.attention, policy.policy.id]).toEqual([fullAttention, 'snap-kv'])
  const pattern = methodByName('quest', { budget: 256 })
  expect(pattern.policy.attention).toBe(pattern.attention.id)
  expect(pattern.policy.triggers).toEqual(fullCache.triggers)
})
