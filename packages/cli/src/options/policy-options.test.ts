import { expect, test } from 'vitest'
import { UsageError } from '../errors/usage-error.ts'
import { policyRequest } from './policy-options.ts'

test('no policy, no field', () => {
  expect(policyRequest({})).toEqual({})
})

test.each([['1024'], ['25%']])('a budget of %s is given to the policy', (budget) => {
  expect(policyRequest({ policy: 'snap-kv', budget }).policy).toMatchObject({ triggers: expect.any(Array) })
})

test.each([[{ budget: '5' }], [{ policy: 'snap-kv', budget: 'much' }]])('%j is wrong usage', (options) => {
  expect(() => policyRequest(options)).toThrow(UsageError)
})
