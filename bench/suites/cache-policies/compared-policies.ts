import { type CachePolicy, fullCache, type ObservationRequest, type Observations, type PolicyModel } from '@lc/core'
import {
  adaKv,
  type CacheBudget,
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

/** The policies that are compared, for a budget in slots. */
export const comparedPolicies: Readonly<Record<string, (budget: number) => CachePolicy>> = {
  random: (budget) => randomSlots({ budget, sinks: 4, window: 32 }),
  'streaming-llm': (budget) => streamingLlm({ budget }),
  'streaming-llm, original positions': (budget) => streamingLlm({ budget, positions: 'original' }),
  'la-cache': (budget) => laCache({ budget }),
  'key-norm': (budget) => keyNorm({ budget, sinks: 4, window: 32 }),
  'key-diff': (budget) => keyDiff({ budget, sinks: 4, window: 32 }),
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
}

/** Budgets as shares of a prompt. */
export const comparedShares: readonly CacheBudget[] = ['50%', '25%', '12.5%']

/** What a policy wants done at the end of a prompt. */
export interface Decision {
  readonly policy: string
  readonly share: CacheBudget
  readonly actions: Awaited<ReturnType<ReturnType<CachePolicy['start']>['act']>>
  readonly extraTokens: number
}

/**
 * A policy that changes nothing and asks all others what they would do, so that one reading of a prompt serves them all. It
 * goes by the name of the full cache, into whose sessions what it saved fits.
 */
export function askEveryPolicy(
  contenders: readonly { readonly name: string; readonly share: CacheBudget; readonly policy: CachePolicy }[],
  decide: (decision: Decision) => void,
): CachePolicy {
  return {
    id: fullCache.id,
    triggers: [{ on: 'prefill-end' }],
    needs: (model) => joinedNeeds(contenders, model),
    start: (model, { random }) => {
      const runs = contenders.map(({ policy }) => policy.start(model, { random }))
      return {
        act: async (event) => {
          for (const [index, { name, share }] of contenders.entries()) {
            let extraTokens = 0
            const actions = await runs[index]!.act({
              ...event,
              observations: ownObservations(event.observations, name),
              forward: (ids, requests) => {
                extraTokens += ids.length
                return event.forward(ids, requests)
              },
            })
            decide({ policy: name, share, actions, extraTokens })
          }
          return []
        },
      }
    },
  }
}

/** Requests of all, each once; ids of columns are told apart by the policy's name. */
function joinedNeeds(
  contenders: readonly { readonly name: string; readonly policy: CachePolicy }[],
  model: PolicyModel,
): ObservationRequest[] {
  const joined = new Map<string, ObservationRequest>()
  for (const { name, policy } of contenders)
    for (const request of policy.needs(model)) {
      const own = 'id' in request ? { ...request, id: `${name} ${request.id}` } : request
      joined.set(JSON.stringify(own), own)
    }
  return [...joined.values()]
}

function ownObservations(observations: Observations, policy: string): Observations {
  return {
    columns: (id, layer) => observations.columns(`${policy} ${id}`, layer),
    rows: (id, layer) => observations.rows(`${policy} ${id}`, layer),
    queries: (layer) => observations.queries(layer),
    statistics: (layer) => observations.statistics(layer),
    hidden: (layer) => observations.hidden(layer),
  }
}
