import { expect, test } from 'vitest'
import { UsageError } from '../errors/usage-error.ts'
import { chosenMethod, policyRequest } from './policy-options.ts'

test('no policy, no field', () => {
  expect(policyRequest(chosenMethod({}))).toEqual({})
  expect(policyRequest(chosenMethod({ policy: undefined, cacheBudget: undefined }))).toEqual({})
})

test.each([['1024'], ['25%'], ['12.5%'], ['1000000']])('a budget of %s is given to the policy', (budget) => {
  expect(policyRequest(chosenMethod({ policy: 'snap-kv', budget })).policy).toMatchObject({
    triggers: expect.any(Array),
  })
  expect(policyRequest(chosenMethod({ policy: 'snap-kv', cacheBudget: budget })).policy).toMatchObject({
    id: 'snap-kv',
  })
})

test.each([
  [{ budget: '5' }, /--budget needs --policy/],
  [{ cacheBudget: '5' }, /--cache-budget needs --policy/],
  [{ policy: 'snap-kv', budget: 'much' }, /--budget must be a number of slots/],
  [{ policy: 'snap-kv', budget: '-5' }, /--budget must be a number of slots/],
  [{ policy: 'snap-kv', cacheBudget: '1e3' }, /--cache-budget must be a number of slots/],
  [{ policy: 'snap-kv', budget: '0' }, /budget must be/],
  [{ policy: 'snap-kv', budget: '1.5' }, /budget must be/],
  [{ policy: 'snap-kv', budget: '101%' }, /budget must be/],
  [{ policy: 'snap-kv', budget: '8' }, /--policy snap-kv --budget 8/],
  [{ policy: 'snap-kv' }, /budget must be/],
  [{ policy: 'snapkv', budget: '64' }, /--policy must be one of a-shape, .*ada-kv, .*quest, .*tova/],
])('%j is wrong usage', (options, problem) => {
  expect(() => chosenMethod(options)).toThrow(UsageError)
  expect(() => chosenMethod(options)).toThrow(problem)
})

test('an attention pattern comes with the policy that asks for it', () => {
  const { attention, policy } = chosenMethod({ policy: 'quest', budget: '512' })!
  expect(attention.id).toMatch(/^quest/)
  expect(policy.attention).toBe(attention.id)
})
