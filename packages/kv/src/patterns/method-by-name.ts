import { type AttentionPattern, type CachePolicy, fullAttention, fullCache } from '@lc/core'
import { checkOneOf } from '@lc/model/check'
import { loCoCo } from '../policies/lo-co-co.ts'
import { type NamedPolicyOptions, policyByName, policyNames } from '../policies/policy-by-name.ts'
import { patternByName, patternNames } from './pattern-by-name.ts'

/** A cache method: what to load a model with, and what to give its sessions. */
export interface CacheMethod {
  /** For `loadModel`. */
  readonly attention: AttentionPattern
  /** For `session`, `generate`, `stream` and `score`. */
  readonly policy: CachePolicy
}

/** The policy that runs only with weights of the caller's. */
const learned = 'lo-co-co'

/** Names of all policies and patterns, in alphabetical order. */
export const methodNames: readonly string[] = Object.freeze([...policyNames, ...patternNames, learned].sort())

/**
 * A cache policy or an attention pattern by name, as one choice: a policy comes with full attention, a pattern with the full cache,
 * which then asks for that pattern.
 *
 * @throws InvalidArgumentError for another name, and for options that the method refuses
 */
export function methodByName(name: string, options: NamedPolicyOptions = {}): CacheMethod {
  const known = checkOneOf(name, 'policy', methodNames)
  if (known === learned) return { attention: fullAttention, policy: loCoCo(options as never) }
  if (!(patternNames as readonly string[]).includes(known))
    return { attention: fullAttention, policy: policyByName(known, options) }
  const attention = patternByName(known, options)
  return { attention, policy: { ...fullCache, id: attention.id, attention: attention.id } }
}
