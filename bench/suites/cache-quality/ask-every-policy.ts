/** @file One reading of a prompt for all policies: a policy that changes nothing and asks all others what they would do. */
import type { CacheAction, CacheEvent, CachePolicy, ObservationRequest, Observations, PolicyModel } from '@lc/core'
import { seededRandom } from '@lc/model'
import type { Contender } from './contenders.ts'

/** What a policy wants done at the end of a prompt. */
export interface Decision {
  readonly contender: Contender
  readonly actions: readonly CacheAction[]
  /** Tokens that it read for this. */
  readonly extraTokens: number
  /** What it took besides the observations. */
  readonly seconds: number
}

type Columns = Extract<ObservationRequest, { kind: 'attention-columns' | 'attention-rows' }>

/** A policy that asks all others. */
export interface EveryPolicy {
  readonly policy: CachePolicy
  /** Those of the last prompt that was read. */
  readonly decisions: readonly Decision[]
  /** Forks that are made while this is false observe and ask nothing: plain sessions of the full cache. */
  asking: boolean
}

/**
 * Asks all policies at the end of every prompt, each as if its session had just begun. What several want to see is computed
 * once.
 */
export function askEveryPolicy(contenders: readonly Contender[]): EveryPolicy {
  let decisions: Decision[] = []
  let asking = true
  const policy: CachePolicy = {
    id: 'every',
    triggers: [{ on: 'prefill-end' }],
    needs: (model) => (asking ? joinedNeeds(contenders, model) : []),
    start: (model) => ({
      act: async (event) => {
        const forward = rememberedForward(event)
        decisions = []
        for (const contender of contenders) decisions.push(await decide(contender, model, { ...event, forward }))
        return []
      },
    }),
  }
  return {
    policy,
    get decisions() {
      return decisions
    },
    get asking() {
      return asking
    },
    set asking(wanted) {
      asking = wanted
    },
  }
}

async function decide(contender: Contender, model: PolicyModel, event: CacheEvent): Promise<Decision> {
  const policy = contender.policy(event.cache.nextPosition)
  const run = policy.start(model, { random: seededRandom(0) })
  const observations = ownObservations(event, policy.needs(model))
  let extraTokens = 0
  const forward: CacheEvent['forward'] = (ids, requests) => {
    extraTokens += ids.length
    return event.forward(ids, requests)
  }
  const start = performance.now()
  const actions = await run.act({ ...event, observations, forward })
  return { contender, actions, extraTokens, seconds: (performance.now() - start) / 1000 }
}

function joinedNeeds(contenders: readonly Contender[], model: PolicyModel): ObservationRequest[] {
  const joined = new Map<string, ObservationRequest>()
  // needs do not depend on the budget
  for (const { policy } of contenders)
    for (const request of policy(4096).needs(model)) {
      const shared = sharedRequest(request)
      joined.set(JSON.stringify(shared), shared)
    }
  const statistics = [...joined.values()].filter(({ kind }) => kind === 'query-statistics')
  if (statistics.length > 1) throw new Error('one reading serves only policies that want the same query statistics')
  return [...joined.values()]
}

/** The request under a name that all who want the same share. */
function sharedRequest(request: ObservationRequest): ObservationRequest {
  if (!('id' in request)) return request
  const { id: _, ...rest } = request
  const computed = isMeanOverVisible(request) ? { ...rest, rows: 'sum' } : rest
  return { ...computed, id: JSON.stringify(computed) } as ObservationRequest
}

/** Nothing is evicted while all are asked, so that the queries that saw a slot are those since its position. */
function isMeanOverVisible(request: ObservationRequest): boolean {
  return request.kind === 'attention-columns' && request.queries === 'all' && request.rows === 'mean-over-visible'
}

function ownObservations({ cache, observations }: CacheEvent, needs: readonly ObservationRequest[]): Observations {
  const requestOf = (id: string): Columns => {
    const request = needs.find((need): need is Columns => 'id' in need && need.id === id)
    if (!request) throw new Error(`${id} was not asked for`)
    return request
  }
  const idOf = (id: string): string => (sharedRequest(requestOf(id)) as Columns).id
  return {
    columns: (id, layer) => {
      const columns = observations.columns(idOf(id), layer)
      if (!isMeanOverVisible(requestOf(id))) return columns
      const positions = cache.positionsOf(layer, 0)
      return columns.map((column) =>
        column.map((sum, slot) => sum / Math.max(1, cache.nextPosition - positions[slot]!)),
      )
    },
    rows: (id, layer) => observations.rows(idOf(id), layer),
    queries: (layer) => observations.queries(layer),
    statistics: (layer) => observations.statistics(layer),
    hidden: (layer) => observations.hidden(layer),
  }
}

/** A second reading with the same tokens and requests is not done again. */
function rememberedForward(event: CacheEvent): CacheEvent['forward'] {
  const known = new Map<string, Promise<Observations>>()
  return (ids, requests) => {
    const key = JSON.stringify([Array.from(ids), requests])
    const observed = known.get(key) ?? event.forward(ids, requests)
    known.set(key, observed)
    return observed
  }
}
