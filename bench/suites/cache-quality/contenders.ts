/** @file The policies that are compared: a line each. */
import type { CachePolicy } from '@lc/core'
import {
  adaKv,
  chunkKv,
  cur,
  duoAttention,
  expectedAttention,
  finch,
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
  specKv,
  streamingLlm,
  tova,
  valueMerge,
} from '@lc/kv'
import type { HeadProfile } from '@lc/kv/parts'

/** What a policy is made for. */
export interface PolicySizes {
  /** Slots per layer and head, on average. */
  readonly budget: number
  /** Tokens of the prompt. */
  readonly tokens: number
  /** Which heads look far back. */
  readonly profile: HeadProfile
  /** What a draft model says to the prompt. */
  readonly lookahead: ArrayLike<number>
}

/** What is known of the model, and of the text that is being read. */
export interface Knowledge {
  readonly profile: HeadProfile
  /** Changes with the text. */
  readonly draft: { ids: ArrayLike<number> }
}

// what keeps nothing else would lose the start of the text and the sentence that is being read
const ends = { sinks: 4, window: 32 } as const

/** By name. */
export const comparedPolicies: Readonly<Record<string, (sizes: PolicySizes) => CachePolicy>> = {
  random: ({ budget }) => randomSlots({ budget, ...ends }),
  'streaming-llm': ({ budget }) => streamingLlm({ budget }),
  'streaming-llm, original positions': ({ budget }) => streamingLlm({ budget, positions: 'original' }),
  'la-cache': ({ budget }) => laCache({ budget }),
  'key-norm': ({ budget }) => keyNorm({ budget, ...ends }),
  'key-diff': ({ budget }) => keyDiff({ budget, ...ends }),
  'lag-kv': ({ budget }) => lagKv({ budget }),
  cur: ({ budget }) => cur({ budget, window: 32 }),
  h2o: ({ budget }) => h2o({ budget }),
  'h2o, means': ({ budget }) => h2o({ budget, accumulate: 'mean' }),
  tova: ({ budget }) => tova({ budget, window: 32 }),
  'snap-kv': ({ budget }) => snapKv({ budget }),
  finch: ({ budget }) => finch({ budget }),
  'pyramid-kv': ({ budget }) => pyramidKv({ budget }),
  'chunk-kv(snap-kv)': ({ budget }) => chunkKv({ base: snapKv({ budget }) }),
  'ada-kv(snap-kv)': ({ budget }) => adaKv({ base: snapKv({ budget }) }),
  'expected-attention': ({ budget }) => expectedAttention({ budget, window: 32 }),
  'ada-kv(expected-attention)': ({ budget }) =>
    adaKv({ base: expectedAttention({ budget, window: 32, epsilon: 0.01 }) }),
  'value-merge(snap-kv)': ({ budget }) => valueMerge({ base: snapKv({ budget }) }),
  'look-m(h2o)': ({ budget }) => lookM({ base: h2o({ budget }) }),
  'kv-merger': ({ budget }) => kvMerger({ budget }),
  'spec-kv': ({ budget, lookahead }) => specKv({ budget, lookahead: { ids: lookahead } }),
  'kv-zip': ({ budget }) => kvZip({ budget }),
  'kv-zip, window': ({ budget }) => kvZip({ budget, ...ends }),
  'duo-attention': streamingHeads,
}

/** Those that look for the nearest survivor of every key that goes: minutes of choosing at 4,096 tokens. */
export const quadraticPolicies: readonly string[] = ['value-merge(snap-kv)', 'look-m(h2o)']

/** As many streaming heads as the budget asks for. */
function streamingHeads({ budget, tokens, profile }: PolicySizes): CachePolicy {
  const { sinks, window } = { sinks: 16, window: 64 }
  const sparsity = Math.min(1, Math.max(0, (tokens - budget) / Math.max(1, tokens - sinks - window)))
  return duoAttention({ profile, sparsity, sinks, window })
}

/** A policy at a share. */
export interface Contender {
  readonly name: string
  /** The part of the prompt's slots that is kept. */
  readonly share: number
  /** For a prompt of so many tokens. */
  readonly policy: (tokens: number) => CachePolicy
}

/** Policies at all shares; all of them by default. */
export function contendersAt(
  shares: readonly number[],
  { profile, draft }: Knowledge,
  names: readonly string[] = Object.keys(comparedPolicies),
): Contender[] {
  return shares.flatMap((share) =>
    names.map((name) => ({
      name,
      share,
      policy: (tokens) => {
        const budget = Math.max(1, Math.floor(tokens * share + 1e-9))
        return comparedPolicies[name]!({ budget, tokens, profile, lookahead: draft.ids })
      },
    })),
  )
}
