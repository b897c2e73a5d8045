/** @file Gathers what a policy asked to see: keeps the last queries, accumulates attention, computes reductions when the policy acts. */
import type { CallOptions } from '@lc/model'
import { PolicyPlanError } from '../errors/policy-plan-error.ts'
import type { RopeTables } from '../models/rope/rope-tables.ts'
import type { AttentionReducer, ReduceRequest } from './attention-reducer.ts'
import type { ObservationRequest, Observations } from './cache-policy.ts'
import type { DecoderRunner, RunOutputs } from './decoder-runner.ts'
import type { GaussianQueryPrograms } from './gaussian-queries.ts'
import { groupHeads, type HeadGrouping } from './group-heads.ts'
import type { KvCache } from './kv-cache.ts'
import { CollectedObservations } from './observations.ts'
import { QueryStatistics } from './query-statistics.ts'
import { RowWindow } from './row-window.ts'
import type { ArrayToSave, SavedArray } from './sealed-arrays.ts'

type Columns = Extract<ObservationRequest, { kind: 'attention-columns' }>

/** Rotated queries of tokens that follow each other, `[R, H*D]` by layer. */
interface QueryRows {
  readonly queries: readonly Float32Array[]
  readonly cache: KvCache
  readonly position: number
  readonly count: number
}

/** Generated tokens whose queries are taken in at once, where nothing looks at it before. */
const tokensTogether = 32

/** What observing works with. */
export interface ObserverFields {
  readonly policy: string
  readonly requests: readonly ObservationRequest[]
  readonly runner: DecoderRunner
  readonly reducer: AttentionReducer
  readonly gaussianQueries: GaussianQueryPrograms
  readonly ropes: RopeTables
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
  /** Queries of single tokens that are not accumulated yet. */
  readonly #later: RowWindow

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
    this.#later = new RowWindow(layers, this.accumulates ? tokensTogether : 0, origin?.laterWindow)
    this.#queryCount = origin?.queryCount ?? 0
    const wanted = fields.requests.find((request) => request.kind === 'query-statistics')
    const about = { config: fields.runner.config, tables: fields.ropes, programs: fields.gaussianQueries }
    this.#statistics = origin?.statistics?.copy() ?? (wanted && new QueryStatistics({ ...about, ...wanted }))
  }

  get queryWindow(): RowWindow {
    return this.#queries
  }

  get hiddenWindow(): RowWindow {
    return this.#hidden
  }

  get laterWindow(): RowWindow {
    return this.#later
  }

  get statistics(): QueryStatistics | undefined {
    return this.#statistics
  }

  get queryCount(): number {
    return this.#queryCount
  }

  /** Whether it adds up over all queries, so that tokens cannot be taken back from what it knows. */
  get accumulates(): boolean {
    return this.#accumulating.length > 0 || this.#fields.requests.some(({ kind }) => kind === 'query-statistics')
  }

  get #accumulating(): readonly Columns[] {
    return this.#fields.requests.filter(
      (request): request is Columns => request.kind === 'attention-columns' && request.queries === 'all',
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

  /**
   * Outputs that a run must fetch.
   *
   * @param following tokens that come after the run's before anything is looked at: rows that they will push out are not fetched
   */
  fetches(following = 0): readonly string[] {
    const { runner } = this.#fields
    const hidden = this.#hidden.most > following
    const queries = this.#queries.most > following || this.accumulates
    return runner.config.layers.flatMap((_, layer) => [
      ...(queries ? [`query.${layer}`] : []),
      ...(hidden ? [`stream.${layer}`] : []),
    ])
  }

  /** Takes in a run whose new tokens are in the cache already; `following` as its fetches were asked for. */
  async afterRun(
    outputs: RunOutputs,
    cache: KvCache,
    { count, following = 0 }: { readonly count: number; readonly following?: number },
    options: CallOptions,
  ): Promise<void> {
    const { requests, runner, policy } = this.#fields
    if (requests.length === 0) return
    const start = cache.nextPosition - count
    const names = this.fetches(following)
    const rows = (name: string): Float32Array[] =>
      runner.config.layers.map((_, layer) => {
        const output = outputs[`${name}.${layer}`]
        if (output) return output.data as Float32Array
        throw new PolicyPlanError({ policy, missing: `${name} of each layer (load the model or session as exact)` })
      })
    if (names.includes('stream.0')) this.#hidden.push(rows('stream'), start, count)
    this.#queryCount += count
    if (!names.includes('query.0')) return
    const queries = rows('query')
    this.#queries.push(queries, start, count)
    if (!this.accumulates) return
    if (count > 1) {
      await this.settle(cache, options)
      await this.#accumulate({ queries, cache, position: start, count }, options)
    } else {
      this.#later.push(queries, start, 1)
      if (this.#later.count === tokensTogether) await this.settle(cache, options)
    }
  }

  /** Accumulates what waits; before the cache is changed. */
  async settle(cache: KvCache, options: CallOptions): Promise<void> {
    const { positions } = this.#later
    if (positions.length === 0) return
    const queries = this.#fields.runner.config.layers.map((_, layer) =>
      this.#later.last(layer, positions.length).slice(),
    )
    this.#later.truncate(0)
    await this.#accumulate({ queries, cache, position: positions[0]!, count: positions.length }, options)
  }

  /** Everything that was asked for, as of now. */
  async collect(cache: KvCache, options: CallOptions): Promise<Observations> {
    const { requests, policy, runner } = this.#fields
    const result = new CollectedObservations(policy)
    await this.settle(cache, options)
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
    this.#later.truncate(position)
  }

  async #accumulate(rows: QueryRows, options: CallOptions): Promise<void> {
    await this.#statistics?.add(rows.queries, rows.position, options)
    for (const request of this.#accumulating) {
      const biases = new Map<string, Float32Array>()
      for (const layer of rows.queries.keys()) await this.#addColumns(request, layer, { ...rows, biases }, options)
    }
  }

  async #addColumns(
    request: Columns,
    layer: number,
    { queries, cache, position, count, biases }: QueryRows & Pick<ReduceRequest, 'biases'>,
    options: CallOptions,
  ): Promise<void> {
    const { kvHeads } = cache.shape
    const max = request.rows === 'max'
    const seen = { layer, queries: queries[layer]!, cache, position, ...(biases && { biases }) }
    const columns = await this.#reduce(request, seen, options)
    for (const [index, column] of columns.entries()) {
      const head = columns.length === kvHeads ? index : Math.floor(index / (columns.length / kvHeads))
      const sum = cache.channel(channelOf(request, index), layer, head)
      const length = cache.lengthOf(layer, head)
      for (let slot = 0; slot < length; slot++)
        sum[slot] = max ? Math.max(sum[slot]!, column[slot]!) : sum[slot]! + column[slot]! * count
    }
    if (request.rows === 'mean-over-visible') countVisible(request, layer, { cache, position, count })
  }

  async #collectColumns(
    request: Columns,
    cache: KvCache,
    result: CollectedObservations,
    options: CallOptions,
  ): Promise<void> {
    const biases = new Map<string, Float32Array>()
    for (const layer of this.#fields.runner.config.layers.keys())
      result.setColumns(
        request.id,
        layer,
        request.queries === 'all'
          ? this.#accumulated(request, layer, cache)
          : await this.#windowColumns({ ...request, queries: request.queries }, layer, { cache, biases }, options),
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
    request: Columns & { readonly queries: { readonly last: number } },
    layer: number,
    { cache, biases }: Pick<ReduceRequest, 'cache' | 'biases'>,
    options: CallOptions,
  ): Promise<readonly Float32Array[]> {
    const { last } = request.queries
    const queries = this.#queries.last(layer, last)
    const positions = this.#queries.positions.slice(-last)
    if (positions.length === 0)
      throw new PolicyPlanError({ policy: this.#fields.policy, missing: 'queries to observe' })
    const seen = { layer, queries, cache, position: positions[0]!, ...(biases && { biases }) }
    const columns = await this.#reduce(request, seen, options)
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
    seen: Omit<ReduceRequest, 'rows' | 'heads' | 'keys'>,
    options: CallOptions,
  ): Promise<readonly Float32Array[]> {
    const rows = request.rows === 'max' ? 'max' : 'mean'
    const { keys } = request
    const reduction = { ...seen, rows, heads: 'each', ...(keys && { keys }) } as const
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

/** Adds the queries of a run to those that could see each slot. */
function countVisible(request: Columns, layer: number, { cache, position, count }: Omit<QueryRows, 'queries'>): void {
  for (let head = 0; head < cache.shape.kvHeads; head++) {
    const seen = cache.channel(seenChannel(request), layer, head)
    const positions = cache.positionsOf(layer, head)
    for (let slot = 0; slot < cache.lengthOf(layer, head); slot++)
      seen[slot] = seen[slot]! + Math.max(0, position + count - Math.max(position, positions[slot]!))
  }
}
