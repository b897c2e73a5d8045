import type { CachePolicy } from '@lc/core'
import { checkArgument } from '@lc/model/check'
import { type NamedPolicyOptions, type PolicyName, policyByName } from '../policies/policy-by-name.ts'

/** A policy by its name, as JSON can say it: `{ name: 'snap-kv', budget: 1024 }`. */
export type NamedPolicy = { readonly name: PolicyName } & NamedPolicyOptions

/** A policy, its name (for `full` and others that need no options), or its name with options. */
export type PolicyChoice = CachePolicy | PolicyName | NamedPolicy

/**
 * The policy that a choice stands for.
 *
 * @throws InvalidArgumentError for what is none, another name (all names are in the message) and options that the policy refuses;
 * BudgetTooSmallError for a budget below the protected slots
 */
export function readPolicy(choice: unknown): CachePolicy {
  if (typeof choice === 'string') return policyByName(choice)
  const allowed = 'a policy, or its name and options such as { name: "snap-kv", budget: 1024 }'
  checkArgument(typeof choice === 'object' && choice !== null, 'policy', choice, allowed)
  if (isPolicy(choice)) return choice
  const { name, ...options } = choice as { name?: unknown } & NamedPolicyOptions
  checkArgument(typeof name === 'string', 'policy.name', name, allowed)
  return policyByName(name, options)
}

function isPolicy(choice: object): choice is CachePolicy {
  return 'start' in choice && typeof choice.start === 'function'
}
