/** @file Gathers what a policy asked to see: keeps the last queries, accumulates attention, computes reductions when the policy acts. */
import type { CallOptions } from '@lc/model'
import { PolicyPlanError } from '../errors/policy-plan-error.ts'
import type { AttentionReducer } from './attention-reducer.ts'
import type { ObservationRequest, Observations } from './cache-policy.ts'
import type { DecoderRunner, RunOutputs } from './decoder-runner.ts'
import { groupHeads, type HeadGrouping } from './group-heads.ts'
import type { KvCache } from './kv-cache.ts'
import { CollectedObservations } from './observations.ts'
import { QueryStatistics } from './query-statistics.ts'
import { RowWindow } from './row-window.ts'
import type { ArrayToSave, SavedArray } from './sealed-arrays.ts'

type Columns = Extract<ObservationRequest, { kind: 'attention-columns' }>

/** What observing works with. */
export interface ObserverFields {
  readonly policy: string
  readonly requests: readonly ObservationRequest[]
  readonly runner: DecoderRunner
  readonly reducer: AttentionReducer
  readonly plannedLength: number
}

/** What a saved session tells of what it observed; the rest are arrays. */
export interface ObserverFacts {
  readonly queryCount: number
  /** Positions of the rows that are kept. */
  readonly queries: readonly number[]
  readonly hidden: readonly number[]
}

/** Observes one session. */
export class Observer {
  readonly #fields: ObserverFields
  readonly #queries: RowWindow
  readonly #hidden: RowWindow
  readonly #statistics: QueryStatistics | undefined
  #queryCount = 0

  constructor(fields: ObserverFields, origin?: Observer) {
    this.#fields = fields
    const layers = fields.runner.config.layers.length
    const window = (kinds: readonly string[]): number =>
      Math.max(0, ...fields.requests.map((request) => (kinds.includes(request.kind) ? lastOf(request) : 0)))
    this.#queries = new RowWindow(
      layers,
      window(['attention-columns', 'attention-rows', 'queries']),
      origin?.queryWindow,
    )
    this.#hidden = new RowWindow(layers, window(['hidden']), origin?.hiddenWindow)
    this.#queryCount = origin?.queryCount ?? 0
    const wanted = fields.requests.find((request) => request.kind === 'query-statistics')
    const { config } = fields.runner
    this.#statistics =
      origin?.statistics?.copy() ??
      (wanted && new QueryStatistics(config, { ...wanted, plannedLength: fields.plannedLength }))
  }

  get queryWindow(): RowWindow {
    return this.#queries
  }

  get hiddenWindow(): RowWindow {
    return this.#hidden
  }

  get statistics(): QueryStatistics | undefined {
    return this.#statistics
  }

  get queryCount(): number {
    return this.#queryCount
  }

  /** Whether it adds up over all queries, so that tokens cannot be taken back from what it knows. */
  get accumulates(): boolean {
    return this.#fields.requests.some(
      (request) =>
        request.kind === 'query-statistics' || (request.kind === 'attention-columns' && request.queries === 'all'),
    )
  }

  /** What is saved of it, with `arrays`. */
  get facts(): ObserverFacts {
    const [queries, hidden] = [[...this.#queries.positions], [...this.#hidden.positions]]
    return { queryCount: this.#queryCount, queries, hidden }
  }

  arrays(): ArrayToSave[] {
    return [...this.#queries.arrays('query'), ...this.#hidden.arrays('hidden'), ...(this.#statistics?.arrays() ?? [])]
  }

  /** Takes over what was saved; nothing where nothing is observed. @throws FileFormatError for what another policy observed */
  restore(facts: ObserverFacts, arrays: ReadonlyMap<string, SavedArray>): void {
    if (this.#fields.requests.length === 0) return
    const { heads, headDim, hiddenSize } = this.#fields.runner.config
    this.#queries.restore('query', facts.queries, heads * headDim, arrays)
    this.#hidden.restore('hidden', facts.hidden, hiddenSize, arrays)
    this.#statistics?.restore(arrays)
    this.#queryCount = facts.queryCount
  }

  /** Outputs that a run must fetch. */
  get fetches(): readonly string[] {
    const { requests, runner } = this.#fields
    const hidden = requests.some((request) => request.kind === 'hidden')
    const queries = requests.some((request) => request.kind !== 'hidden')
    return runner.config.layers.flatMap((_, layer) => [
      ...(queries ? [`query.${layer}`] : []),
      ...(hidden ? [`stream.${layer}`] : []),
    ])
  }

  /** Takes in a run whose new tokens are in the cache already. */
  async afterRun(outputs: RunOutputs, cache: KvCache, count: number, options: CallOptions): Promise<void> {
    const { requests, runner, policy } = this.#fields
    if (requests.length === 0) return
    const start = cache.nextPosition - count
    const rows = (name: string): Float32Array[] =>
      runner.config.layers.map((_, layer) => {
        const output = outputs[`${name}.${layer}`]
        if (output) return output.data as Float32Array
        throw new PolicyPlanError({ policy, missing: `${name} of each layer (load the model or session as exact)` })
      })
    if (requests.some((request) => request.kind === 'hidden')) this.#hidden.push(rows('stream'), start, count)
    if (!requests.some((request) => request.kind !== 'hidden')) return
    const queries = rows('query')
    this.#queries.push(queries, start, count)
    this.#queryCount += count
    if (this.#statistics) for (const [layer, each] of queries.entries()) this.#statistics.add(layer, each, start)
    for (const request of requests)
      if (request.kind === 'attention-columns' && request.queries === 'all')
        await this.#accumulate(request, queries, cache, start, options)
  }

  /** Everything that was asked for, as of now. */
  async collect(cache: KvCache, options: CallOptions): Promise<Observations> {
    const { requests, policy, runner } = this.#fields
    const result = new CollectedObservations(policy)
    for (const request of requests) {
      options.signal?.throwIfAborted()
      if (request.kind === 'attention-columns') await this.#collectColumns(request, cache, result, options)
      else if (request.kind === 'attention-rows') await this.#collectRows(request, cache, result, options)
      else if (request.kind === 'queries')
        for (const layer of runner.config.layers.keys())
          result.setQueries(layer, {
            data: this.#queries.last(layer, request.last),
            positions: this.#queries.positions.slice(-request.last),
          })
      else if (request.kind === 'hidden')
        for (const layer of runner.config.layers.keys()) result.setHidden(layer, this.#hidden.last(layer, request.last))
      else for (const layer of runner.config.layers.keys()) result.setStatistics(layer, this.#statistics!.of(layer))
    }
    return result
  }

  /** Forgets rows of tokens that were taken back. */
  truncate(position: number): void {
    this.#queries.truncate(position)
    this.#hidden.truncate(position)
  }

  async #accumulate(
    request: Columns,
    queries: readonly Float32Array[],
    cache: KvCache,
    position: number,
    options: CallOptions,
  ): Promise<void> {
    const { kvHeads } = cache.shape
    const count = cache.nextPosition - position
    const max = request.rows === 'max'
    for (const [layer, each] of queries.entries()) {
      const columns = await this.#reduce(request, layer, each, cache, position, options)
      for (const [index, column] of columns.entries()) {
        const head = columns.length === kvHeads ? index : Math.floor(index / (columns.length / kvHeads))
        const sum = cache.channel(channelOf(request, index), layer, head)
        const length = cache.lengthOf(layer, head)
        for (let slot = 0; slot < length; slot++)
          sum[slot] = max ? Math.max(sum[slot]!, column[slot]!) : sum[slot]! + column[slot]! * count
      }
      if (request.rows === 'mean-over-visible') this.#countVisible(request, layer, cache, position)
    }
  }

  #countVisible(request: Columns, layer: number, cache: KvCache, position: number): void {
    for (let head = 0; head < cache.shape.kvHeads; head++) {
      const seen = cache.channel(seenChannel(request), layer, head)
      const positions = cache.positionsOf(layer, head)
      for (let slot = 0; slot < cache.lengthOf(layer, head); slot++)
        seen[slot] = seen[slot]! + cache.nextPosition - Math.max(position, positions[slot]!)
    }
  }

  async #collectColumns(
    request: Columns,
    cache: KvCache,
    result: CollectedObservations,
    options: CallOptions,
  ): Promise<void> {
    for (const layer of this.#fields.runner.config.layers.keys())
      result.setColumns(
        request.id,
        layer,
        request.queries === 'all'
          ? this.#accumulated(request, layer, cache)
          : await this.#windowColumns(request, layer, cache, request.queries.last, options),
      )
  }

  #accumulated(request: Columns, layer: number, cache: KvCache): Float32Array[] {
    const { kvHeads } = cache.shape
    const heads = request.heads === 'each' ? this.#fields.runner.config.heads : kvHeads
    return Array.from({ length: heads }, (_, index) => {
      const head = Math.floor(index / (heads / kvHeads))
      const sum = cache.channel(channelOf(request, index), layer, head)
      if (request.rows === 'mean') return sum.map((value) => value / Math.max(this.#queryCount, 1))
      if (request.rows !== 'mean-over-visible') return sum.slice()
      const seen = cache.channel(seenChannel(request), layer, head)
      return sum.map((value, slot) => value / Math.max(seen[slot]!, 1))
    })
  }

  async #windowColumns(
    request: Columns,
    layer: number,
    cache: KvCache,
    last: number,
    options: CallOptions,
  ): Promise<readonly Float32Array[]> {
    const queries = this.#queries.last(layer, last)
    const positions = this.#queries.positions.slice(-last)
    if (positions.length === 0)
      throw new PolicyPlanError({ policy: this.#fields.policy, missing: 'queries to observe' })
    const columns = await this.#reduce(request, layer, queries, cache, positions[0]!, options)
    if (request.rows === 'sum') return columns.map((column) => column.map((value) => value * positions.length))
    if (request.rows !== 'mean-over-visible') return columns
    const { kvHeads } = cache.shape
    return columns.map((column, index) => {
      const own = cache.positionsOf(layer, Math.floor(index / (columns.length / kvHeads)))
      return column.map((value, slot) => {
        const visible = positions.filter((position) => position >= own[slot]!).length
        return (value * positions.length) / Math.max(visible, 1)
      })
    })
  }

  async #collectRows(
    request: Extract<ObservationRequest, { kind: 'attention-rows' }>,
    cache: KvCache,
    result: CollectedObservations,
    options: CallOptions,
  ): Promise<void> {
    const { config } = this.#fields.runner
    for (const layer of config.layers.keys()) {
      const queries = this.#queries.last(layer, request.last)
      const positions = this.#queries.positions.slice(-request.last)
      const reduction = { layer, queries, cache, position: positions[0] ?? 0, rows: 'each', heads: 'each' } as const
      const data = await this.#fields.reducer.reduce(reduction, options)
      result.setRows(request.id, layer, {
        shape: [config.heads, positions.length, data.length / (config.heads * Math.max(positions.length, 1))],
        data,
      })
    }
  }

  /** Mean (or largest) attention over the queries, by the heads asked for. */
  async #reduce(
    request: Columns,
    layer: number,
    queries: Float32Array,
    cache: KvCache,
    position: number,
    options: CallOptions,
  ): Promise<readonly Float32Array[]> {
    const rows = request.rows === 'max' ? 'max' : 'mean'
    const { keys } = request
    const reduction = { layer, queries, cache, position, rows, heads: 'each', ...(keys && { keys }) } as const
    const all = await this.#fields.reducer.reduce(reduction, options)
    const { heads, kvHeads } = this.#fields.runner.config
    return groupHeads(all, { heads, kvHeads }, request.heads as HeadGrouping)
  }
}

function lastOf(request: ObservationRequest): number {
  if (request.kind === 'query-statistics') return 0
  if (request.kind !== 'attention-columns') return request.last
  return request.queries === 'all' ? 0 : request.queries.last
}

/** Query heads apart have a channel each within their group. */
function channelOf(request: Columns, index: number): string {
  return request.heads === 'each' ? `columns.${request.id}.${index}` : `columns.${request.id}`
}

function seenChannel(request: Columns): string {
  return `seen.${request.id}`
}
