/** @file The policies that are compared: a line each. */
import type { CachePolicy } from '@lc/core'
import {
  adaKv,
  chunkKv,
  cur,
  expectedAttention,
  h2o,
  keyDiff,
  keyNorm,
  kvMerger,
  kvZip,
  laCache,
  lagKv,
  lookM,
  pyramidKv,
  randomSlots,
  snapKv,
  streamingLlm,
  tova,
  valueMerge,
} from '@lc/kv'

/** A policy for a budget in slots. */
export type PolicyOfBudget = (budget: number) => CachePolicy

// what keeps nothing else would lose the start of the text and the sentence that is being read
const ends = { sinks: 4, window: 32 } as const

/** By name. */
export const comparedPolicies: Readonly<Record<string, PolicyOfBudget>> = {
  random: (budget) => randomSlots({ budget, ...ends }),
  'streaming-llm': (budget) => streamingLlm({ budget }),
  'streaming-llm, original positions': (budget) => streamingLlm({ budget, positions: 'original' }),
  'la-cache': (budget) => laCache({ budget }),
  'key-norm': (budget) => keyNorm({ budget, ...ends }),
  'key-diff': (budget) => keyDiff({ budget, ...ends }),
  'lag-kv': (budget) => lagKv({ budget }),
  cur: (budget) => cur({ budget, window: 32 }),
  h2o: (budget) => h2o({ budget }),
  'h2o, means': (budget) => h2o({ budget, accumulate: 'mean' }),
  tova: (budget) => tova({ budget, window: 32 }),
  'snap-kv': (budget) => snapKv({ budget }),
  'pyramid-kv': (budget) => pyramidKv({ budget }),
  'chunk-kv(snap-kv)': (budget) => chunkKv({ base: snapKv({ budget }) }),
  'ada-kv(snap-kv)': (budget) => adaKv({ base: snapKv({ budget }) }),
  'expected-attention': (budget) => expectedAttention({ budget, window: 32 }),
  'ada-kv(expected-attention)': (budget) => adaKv({ base: expectedAttention({ budget, window: 32, epsilon: 0.01 }) }),
  'value-merge(snap-kv)': (budget) => valueMerge({ base: snapKv({ budget }) }),
  'look-m(h2o)': (budget) => lookM({ base: h2o({ budget }) }),
  'kv-merger': (budget) => kvMerger({ budget }),
  'kv-zip': (budget) => kvZip({ budget }),
  'kv-zip, window': (budget) => kvZip({ budget, ...ends }),
}

/** A policy at a budget. */
export interface Contender {
  readonly name: string
  /** The part of the prompt's slots that is kept. */
  readonly share: number
  readonly policy: PolicyOfBudget
}

/** Policies at all shares; all of them by default. */
export function contendersAt(
  shares: readonly number[],
  names: readonly string[] = Object.keys(comparedPolicies),
): Contender[] {
  return shares.flatMap((share) => names.map((name) => ({ name, share, policy: comparedPolicies[name]! })))
}
