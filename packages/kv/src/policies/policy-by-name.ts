/** @file Policies by the names that a command line or a configuration uses. */
import { type CachePolicy, fullCache } from '@lc/core'
import { checkOneOf } from '@lc/model/check'
import type { CacheBudget } from '../policy/budget.ts'
import type { ScoredPolicy } from '../policy/scored-policy.ts'
import { adaKv } from './ada-kv.ts'
import { cam } from './cam.ts'
import { chunkKv } from './chunk-kv.ts'
import { cur } from './cur.ts'
import { duoAttention } from './duo-attention.ts'
import { expectedAttention } from './expected-attention.ts'
import { finch } from './finch.ts'
import { h2o } from './h2o.ts'
import { keyDiff } from './key-diff.ts'
import { keyNorm } from './key-norm.ts'
import { kvMerger } from './kv-merger.ts'
import { kvZip } from './kv-zip.ts'
import { laCache } from './la-cache.ts'
import { lagKv } from './lag-kv.ts'
import { lookM } from './look-m.ts'
import { pyramidKv } from './pyramid-kv.ts'
import { randomSlots } from './random-slots.ts'
import { snapKv } from './snap-kv.ts'
import { streamingLlm } from './streaming-llm.ts'
import { tova } from './tova.ts'
import { valueMerge } from './value-merge.ts'

/** Options of a policy by name: a budget, and the policy's own options. */
export type NamedPolicyOptions = {
  readonly budget?: CacheBudget
  /** For policies that wrap another: its name. */
  readonly base?: PolicyName
} & { readonly [option: string]: unknown }

// each factory checks its options itself, whatever they come from
type Options = never

const scored = {
  random: (options: Options) => randomSlots(options),
  h2o: (options: Options) => h2o(options),
  tova: (options: Options) => tova(options),
  'snap-kv': (options: Options) => snapKv(options),
  'pyramid-kv': (options: Options) => pyramidKv(options),
  'key-diff': (options: Options) => keyDiff(options),
  'key-norm': (options: Options) => keyNorm(options),
  'lag-kv': (options: Options) => lagKv(options),
  cur: (options: Options) => cur(options),
  'expected-attention': (options: Options) => expectedAttention(options),
  'kv-zip': (options: Options) => kvZip(options),
  'kv-merger': (options: Options) => kvMerger(options),
} as const

const wrappers = {
  'ada-kv': { base: 'snap-kv', wrap: (options: Options) => adaKv(options) },
  'chunk-kv': { base: 'snap-kv', wrap: (options: Options) => chunkKv(options) },
  'value-merge': { base: 'snap-kv', wrap: (options: Options) => valueMerge(options) },
  'look-m': { base: 'h2o', wrap: (options: Options) => lookM(options) },
  cam: { base: 'h2o', wrap: (options: Options) => cam(options) },
} as const

const others = {
  full: () => fullCache,
  'streaming-llm': (options: Options) => streamingLlm(options),
  'la-cache': (options: Options) => laCache(options),
  finch: (options: Options) => finch(options),
  'duo-attention': (options: Options) => duoAttention(options),
} as const

/** A policy's name. */
export type PolicyName = keyof typeof scored | keyof typeof wrappers | keyof typeof others

/** All names, in alphabetical order. */
export const policyNames: readonly PolicyName[] = Object.freeze(
  [...keysOf(scored), ...keysOf(wrappers), ...keysOf(others)].sort(),
)

/**
 * The policy of a name: `policyByName('snap-kv', { budget: 1024 })`. Options are the policy's own; those of a wrapper (`ada-kv`,
 * `chunk-kv`, `value-merge`, `look-m`, `cam`) also go to the policy it wraps, named by `base`.
 *
 * @throws InvalidArgumentError for another name, and for options that the policy refuses
 */
export function policyByName(name: PolicyName | (string & {}), options: NamedPolicyOptions = {}): CachePolicy {
  const known = checkOneOf(name, 'policy', policyNames)
  if (known in others) return others[known as keyof typeof others](options as Options)
  if (known in scored) return scoredByName(known, options)
  const { base, wrap } = wrappers[known as keyof typeof wrappers]
  const { base: given, ...rest } = options
  return wrap({ ...rest, base: scoredByName(given ?? base, rest) } as Options)
}

function scoredByName(name: string, options: NamedPolicyOptions): ScoredPolicy {
  const known = checkOneOf(name, 'base', keysOf(scored))
  return scored[known](options as Options)
}

function keysOf<T extends object>(table: T): (keyof T)[] {
  return Object.keys(table) as (keyof T)[]
}
