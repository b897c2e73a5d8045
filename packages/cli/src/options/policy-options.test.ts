import { expect, test } from 'vitest'
import { UsageError } from '../errors/usage-error.ts'
import { chosenMethod, type PolicyValues, policyRequest } from './policy-options.ts'

const method = (values: PolicyValues) => chosenMethod(values)?.({})

test('no policy, no field', () => {
  expect(policyRequest(method({}))).toEqual({})
  expect(policyRequest(method({ policy: undefined, cacheBudget: undefined }))).toEqual({})
})

test.each([['1024'], ['25%'], ['12.5%'], ['1000000']])('a budget of %s is given to the policy', (budget) => {
  expect(policyRequest(method({ policy: 'snap-kv', budget })).policy).toMatchObject({
    triggers: expect.any(Array),
  })
  expect(policyRequest(method({ policy: 'snap-kv', cacheBudget: budget })).policy).toMatchObject({
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
  [{ policy: 'duo-attention' }, /--policy duo-attention needs --gates FILE/],
  [{ policy: 'duo-attention', gates: 'g', budget: '64' }, /duo-attention takes no --budget/],
  [{ policy: 'snap-kv', budget: '64', gates: 'g' }, /--gates needs --policy duo-attention/],
  [{ gates: 'g' }, /--gates needs --policy duo-attention/],
  [{ policy: 'spec-kv', budget: '64' }, /--policy spec-kv needs --draft-model M/],
  [{ policy: 'spec-kv', budget: '8', draftModel: 'm' }, /--policy spec-kv --budget 8/],
  [{ policy: 'spec-kv', draftModel: 'm' }, /--policy spec-kv: .*budget must be/],
  [{ policy: 'snap-kv', budget: '64', draftModel: 'm' }, /--draft-model needs --policy spec-kv/],
  [{ policy: 'snapkv', budget: '64' }, /--policy must be one of a-shape, .*ada-kv, .*quest, .*tova/],
])('%j is wrong usage', (options, problem) => {
  expect(() => chosenMethod(options)).toThrow(UsageError)
  expect(() => chosenMethod(options)).toThrow(problem)
})

test('an attention pattern comes with the policy that asks for it', () => {
  const { attention, policy } = method({ policy: 'quest', budget: '512' })!
  expect(attention.id).toMatch(/^quest/)
  expect(policy.attention).toBe(attention.id)
})

test('gates decide which heads keep everything', () => {
  const gates = { layerCount: 1, kvHeadCount: 2, gates: Float32Array.of(0, 1) }
  const made = chosenMethod({ policy: 'duo-attention', gates: 'gates.tsv' })!({ gates })
  expect(made.policy.id).toBe('duo-attention')
})

test('a draft model may draft without a policy', () => {
  expect(chosenMethod({ draftModel: 'm', drafts: true })).toBeUndefined()
})
