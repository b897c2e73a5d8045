/** @file Attention of chosen tokens: queries from a run, keys from the cache, probabilities reduced on the device in tiles of rows. */
import type { AttendRequest, AttendResult, CallOptions } from '@lc/model'
import { checkArgument, checkInteger, checkOneOf } from '@lc/model/check'
import { type AttentionReducer, type RowReduction, reduceHeads } from '../../cache/attention-reducer.ts'
import { chunkTokens, type DecoderRunner } from '../../cache/decoder-runner.ts'
import type { KvCache } from '../../cache/kv-cache.ts'
import type { RopeTables } from '../../models/rope/rope-tables.ts'

/** What attending works with. */
export interface AttendWork {
  readonly runner: DecoderRunner
  readonly reducer: AttentionReducer
  readonly ids: ArrayLike<number>
  readonly ropes: RopeTables
  /** Holds the tokens before `cached`, for the layers that are run. */
  readonly cache: KvCache
  readonly cached: number
}

/** A request with its defaults. */
export interface AttendPlan {
  readonly queries: { readonly from: number; readonly to: number }
  readonly keys: { readonly from: number; readonly to: number }
  readonly layers: readonly number[]
  readonly heads: 'each' | 'mean' | 'max'
  readonly rows: RowReduction
  /** Layers that must be run. */
  readonly depth: number
}

/** @throws InvalidArgumentError for ranges outside the input and layers outside the model. */
export function planAttend(request: AttendRequest, tokens: number, layerCount: number): AttendPlan {
  const { queries, keys = { from: 0, to: tokens } } = request
  for (const [name, range] of Object.entries({ queries, keys })) {
    const { from, to } = range
    const fits = Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from < to && to <= tokens
    checkArgument(fits, name, `${from} to ${to}`, `a range in the ${tokens} tokens of the input, not empty`)
  }
  const last = checkInteger(request.untilLayer ?? layerCount - 1, 'untilLayer', { min: 0, max: layerCount - 1 })
  const layers = request.layers ?? Array.from({ length: last + 1 }, (_, layer) => layer)
  for (const layer of layers) checkInteger(layer, 'layers', { min: 0, max: last })
  checkArgument(layers.length > 0, 'layers', layers, 'at least one layer')
  const heads = checkOneOf(request.heads ?? 'mean', 'heads', ['each', 'mean', 'max'])
  const rows = checkOneOf(request.rows ?? 'mean', 'rows', ['each', 'mean', 'max', 'weighted'])
  return { queries, keys, layers, heads, rows, depth: Math.max(...layers) + 1 }
}

/** Attention `[layers, heads?, rows?, keys]`. */
export async function attend(plan: AttendPlan, work: AttendWork, options: CallOptions): Promise<AttendResult> {
  const queries = await runQueries(plan, work, options)
  const { config } = work.runner
  const rowCount = plan.queries.to - plan.queries.from
  const keyCount = plan.keys.to - plan.keys.from
  const perLayer = (plan.heads === 'each' ? config.heads : 1) * (plan.rows === 'each' ? rowCount : 1) * keyCount
  const data = new Float32Array(plan.layers.length * perLayer)
  for (const [index, layer] of plan.layers.entries()) {
    options.signal?.throwIfAborted()
    const reduced = await work.reducer.reduce(
      {
        layer,
        queries: queries[index]!,
        cache: work.cache,
        position: plan.queries.from,
        rows: plan.rows,
        heads: plan.rows === 'each' ? plan.heads : 'each',
      },
      options,
    )
    const headed = plan.rows === 'each' ? reduced : reduceHeads(reduced, config.heads, plan.heads)
    copyKeys(headed, work.cache.capacity, plan.keys, data.subarray(index * perLayer, (index + 1) * perLayer))
    const total = plan.layers.length
    options.onProgress?.({ type: 'progress', operation: 'attend', done: index + 1, total, unit: 'steps' })
  }
  const shape = [plan.layers.length]
  if (plan.heads === 'each') shape.push(config.heads)
  if (plan.rows === 'each') shape.push(rowCount)
  return { shape: [...shape, keyCount], data }
}

/** Columns of keys out of rows as wide as the cache. */
function copyKeys(
  rows: Float32Array,
  capacity: number,
  keys: { readonly from: number; readonly to: number },
  target: Float32Array,
): void {
  const width = keys.to - keys.from
  for (let row = 0; row < rows.length / capacity; row++)
    target.set(rows.subarray(row * capacity + keys.from, row * capacity + keys.to), row * width)
}

/** Runs the tokens up to the last query; gives the rotated queries `[rows, H*D]` of each wanted layer. */
async function runQueries(plan: AttendPlan, work: AttendWork, options: CallOptions): Promise<Float32Array[]> {
  const { runner, cache, ids, ropes, cached } = work
  const { from, to } = plan.queries
  const width = runner.config.heads * runner.config.headDim
  const queries = plan.layers.map(() => new Float32Array((to - from) * width))
  cache.reserve(to)
  for (let start = cached; start < to; ) {
    options.signal?.throwIfAborted()
    const end = Math.min(to, start + chunkTokens[runner.modeFor(cache)])
    const wanted = end > from
    const outputs = await runner.runChunk({
      signal: options.signal,
      cache,
      ids: Array.from({ length: end - start }, (_, at) => ids[start + at]!),
      accuracy: 'exact',
      ropes,
      layers: cache.shape.layers,
      fetches: wanted ? plan.layers.map((layer) => `query.${layer}`) : [],
    })
    if (wanted)
      for (const [index, layer] of plan.layers.entries()) {
        const rows = outputs[`query.${layer}`]!.data as Float32Array
        const first = Math.max(start, from)
        queries[index]!.set(rows.subarray((first - start) * width), (first - from) * width)
      }
    start = end
  }
  return queries
}
