import { PolicyPlanError } from '../errors/policy-plan-error.ts'
import type { Observations, QueryStatisticsOfHead } from './cache-policy.ts'

type Rows = ReturnType<Observations['rows']>
type Queries = ReturnType<Observations['queries']>

/** Observations that were computed; what was not requested is an error, never a silent gap. */
export class CollectedObservations implements Observations {
  readonly #policy: string
  readonly #columns = new Map<string, readonly Float32Array[]>()
  readonly #rows = new Map<string, Rows>()
  readonly #queries = new Map<number, Queries>()
  readonly #statistics = new Map<number, readonly QueryStatisticsOfHead[]>()
  readonly #hidden = new Map<number, Float32Array>()

  constructor(policy: string) {
    this.#policy = policy
  }

  columns(id: string, layer: number): readonly Float32Array[] {
    return this.#need(this.#columns.get(`${id} ${layer}`), `the attention columns ${id} of layer ${layer}`)
  }

  rows(id: string, layer: number): Rows {
    return this.#need(this.#rows.get(`${id} ${layer}`), `the attention rows ${id} of layer ${layer}`)
  }

  queries(layer: number): Queries {
    return this.#need(this.#queries.get(layer), `the queries of layer ${layer}`)
  }

  statistics(layer: number): readonly QueryStatisticsOfHead[] {
    return this.#need(this.#statistics.get(layer), `the query statistics of layer ${layer}`)
  }

  hidden(layer: number): Float32Array {
    return this.#need(this.#hidden.get(layer), `the hidden states of layer ${layer}`)
  }

  setColumns(id: string, layer: number, columns: readonly Float32Array[]): void {
    this.#columns.set(`${id} ${layer}`, columns)
  }

  setRows(id: string, layer: number, rows: Rows): void {
    this.#rows.set(`${id} ${layer}`, rows)
  }

  setQueries(layer: number, queries: Queries): void {
    this.#queries.set(layer, queries)
  }

  setStatistics(layer: number, statistics: readonly QueryStatisticsOfHead[]): void {
    this.#statistics.set(layer, statistics)
  }

  setHidden(layer: number, hidden: Float32Array): void {
    this.#hidden.set(layer, hidden)
  }

  #need<T>(value: T | undefined, what: string): T {
    if (value !== undefined) return value
    throw new PolicyPlanError({ policy: this.#policy, missing: `${what} was not requested by its needs` })
  }
}
