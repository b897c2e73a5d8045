/** @file Which policies the suite runs, and lc's contestants that decode under them. */
import type { CachePolicy } from '@lc/core'
import { type NamedPolicyOptions, type PolicyName, policyByName } from '@lc/kv'
import type { Contestant } from '../../runner/contestant-process.ts'
import { lcContestant } from '../../runner/contestants.ts'
import type { Contender } from '../cache-quality/contenders.ts'

/** A policy as the command line names it. */
export interface SpeedPolicy {
  readonly name: PolicyName
  readonly options?: NamedPolicyOptions
  /** Whether it scores slots; the others go by positions. */
  readonly scores: boolean
  readonly readsTwice?: boolean
}

// H2O and TOVA act at every token; here they cut the prompt as the others do, and then no more
const atPromptEnd = { every: 1_000_000 } as const

/** The policies whose agreement is measured, a line each; those behind the first four are left out where little is measured. */
export const speedPolicies: readonly SpeedPolicy[] = [
  { name: 'streaming-llm', scores: false },
  { name: 'kv-zip', options: { window: 32 }, scores: true, readsTwice: true },
  { name: 'snap-kv', options: { sinks: 4 }, scores: true },
  { name: 'expected-attention', options: { window: 32 }, scores: true },
  { name: 'value-merge', options: { base: 'snap-kv', sinks: 4 }, scores: true },
  { name: 'tova', options: { window: 32, ...atPromptEnd }, scores: true },
  { name: 'key-diff', options: { sinks: 4, window: 32 }, scores: true },
  { name: 'h2o', options: { accumulate: 'mean', ...atPromptEnd }, scores: true },
]

/** The policy for a budget in slots. */
export function speedPolicy({ name, options }: SpeedPolicy, budget: number): CachePolicy {
  return policyByName(name, { ...options, budget })
}

/** The policies at some shares of a prompt. */
export function speedContenders(policies: readonly SpeedPolicy[], shares: readonly number[]): Contender[] {
  return shares.flatMap((share) =>
    policies.map((each) => ({
      name: each.name,
      share,
      policy: (tokens) => speedPolicy(each, Math.floor(share * tokens)),
    })),
  )
}

/** How keys and values are kept. */
export const cacheFormats = ['float32', 'int8'] as const

/** lc with a full cache. */
export function fullContestants(): Contestant[] {
  return cacheFormats.map((format) => lcContestant(`lc, full ${format} cache`, { LC_BENCH_CACHE: format }))
}

/** lc with a policy that keeps a share of the prompt. */
export function policyContestants(policy: SpeedPolicy, shares: readonly number[]): (Contestant & { share: number })[] {
  return shares.flatMap((share) =>
    cacheFormats.map((format) => ({
      share,
      ...lcContestant(`lc, ${policy.name} at ${100 * share} %, ${format}`, {
        LC_BENCH_CACHE: format,
        LC_BENCH_POLICY: JSON.stringify({ ...policy, share }),
      }),
    })),
  )
}
