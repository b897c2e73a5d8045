/** @file Small programs without weights: attention probabilities of kept queries over cached keys, reduced before they are read. */
import type { CallOptions } from '@lc/model'
import { Graph } from '../graph/graph.ts'
import { add, divide, multiply, tanh } from '../graph/ops/elementwise.ts'
import { fusedMatMul } from '../graph/ops/matmul.ts'
import { reshape, transpose, unsqueeze } from '../graph/ops/movement.ts'
import { reduceMax, reduceMean, reduceSum, softmax } from '../graph/ops/reduction.ts'
import type { AttentionPattern } from '../models/decoder/attention-pattern.ts'
import type { DecoderConfig } from '../models/decoder/decoder-config.ts'
import type { Device } from '../runtime/device.ts'
import type { Program } from '../runtime/program.ts'
import type { KvCache } from './kv-cache.ts'
import { keyBlock } from './kv-layer.ts'

/** How rows of queries are reduced; `weighted` is linear, later rows more. */
export type RowReduction = 'each' | 'mean' | 'max' | 'weighted'

/** Attention of some queries of one layer. */
export interface ReduceRequest {
  readonly layer: number
  /** Rotated, `[R, H*D]`. */
  readonly queries: Float32Array
  readonly cache: KvCache
  /** Position of the first query; the others follow. */
  readonly position: number
  readonly rows: RowReduction
  /** Reduced here only where rows are not. */
  readonly heads: 'each' | 'mean' | 'max'
  /** Positions of the keys that attention is over. Defaults to all. */
  readonly keys?: readonly { readonly from: number; readonly to: number }[]
}

const hidden = -1e30
/** Probabilities that exist at once. */
const tileElements = 1 << 23

/** Computes reduced attention; keeps its programs. */
export class AttentionReducer {
  readonly #config: DecoderConfig
  readonly #device: Device
  readonly #attention: AttentionPattern
  readonly #programs = new Map<string, Promise<Program>>()

  constructor(fields: { config: DecoderConfig; device: Device; attention: AttentionPattern }) {
    this.#config = fields.config
    this.#device = fields.device
    this.#attention = fields.attention
  }

  /** `[H?, R?, C]`: `[H, C]` where rows are reduced; otherwise `[H, R, C]` or, with heads reduced, `[R, C]`. C is the capacity of the layer's roomiest head. */
  async reduce(request: ReduceRequest, options: CallOptions = {}): Promise<Float32Array> {
    const { heads } = this.#config
    const { capacity } = request.cache.layer(request.layer).layout
    const width = heads * this.#config.headDim
    const count = request.queries.length / width
    const tile = Math.max(1, Math.min(count, Math.floor(tileElements / (heads * capacity))))
    const each = request.rows === 'each'
    const outer = each && request.heads !== 'each' ? 1 : heads
    const result = new Float32Array(outer * (each ? count : 1) * capacity)
    const keys = keyBlock(request.cache.layer(request.layer), request.cache.lengthsOf(request.layer))
    for (let start = 0; start < count; start += tile) {
      options.signal?.throwIfAborted()
      const end = Math.min(count, start + tile)
      const part = await this.#run({ ...request, block: keys }, start, end, count, options)
      if (each)
        for (let head = 0; head < outer; head++) {
          const rows = part.subarray(head * (end - start) * capacity, (head + 1) * (end - start) * capacity)
          result.set(rows, (head * count + start) * capacity)
        }
      else combine(result, part, request.rows === 'max')
    }
    return result
  }

  async close(): Promise<void> {
    for (const program of this.#programs.values()) await (await program.catch(() => undefined))?.close()
    this.#programs.clear()
  }

  async #run(
    request: ReduceRequest & { readonly block: Float32Array },
    start: number,
    end: number,
    count: number,
    { signal }: CallOptions,
  ): Promise<Float32Array> {
    const { kvHeads, headDim, heads } = this.#config
    const width = heads * headDim
    const { cache, layer, rows, block } = request
    const { capacity } = cache.layer(layer).layout
    const program = await this.#program(rows, request.heads)
    const feeds = {
      queries: {
        dtype: 'float32',
        shape: [end - start, width],
        data: request.queries.subarray(start * width, end * width),
      },
      keys: { dtype: 'float32', shape: [kvHeads, capacity, headDim], data: block },
      bias: {
        dtype: 'float32',
        shape: [kvHeads, end - start, capacity],
        data: this.#bias(request, start, end),
      },
      ...(rows === 'mean' || rows === 'weighted'
        ? {
            weights: { dtype: 'float32', shape: [end - start, 1], data: rowWeights(rows, start, end, count) } as const,
          }
        : {}),
    } as const
    const outputs = await program.run(feeds, ['attention'], signal ? { signal } : {})
    return outputs.attention!.data as Float32Array
  }

  #sees({ layer, keys }: { layer: number; keys: ReduceRequest['keys'] | undefined }, window: number) {
    const visible = this.#attention.visible?.bind(this.#attention)
    return (query: number, key: number): boolean =>
      key <= query &&
      query - key < window &&
      (!keys || keys.some(({ from, to }) => key >= from && key < to)) &&
      (!visible || visible(query, key, layer))
  }

  #bias({ cache, layer, position, keys }: ReduceRequest, start: number, end: number): Float32Array {
    const { kvHeads, layers } = this.#config
    const { capacity } = cache.layer(layer).layout
    const window = layers[layer]!.window ?? Number.POSITIVE_INFINITY
    const { visible } = this.#attention
    const sees = this.#sees({ layer, keys }, window)
    const data = new Float32Array(kvHeads * (end - start) * capacity).fill(hidden)
    const size = (end - start) * capacity
    for (let head = 0; head < kvHeads; head++) {
      if (head > 0 && cache.uniform) {
        data.copyWithin(head * size, 0, size)
        continue
      }
      const positions = cache.positionsOf(layer, head)
      const length = cache.lengthOf(layer, head)
      const own = cache.biasOf(layer, head)
      const rows = data.subarray(head * size, (head + 1) * size)
      const queries = { first: position + start, count: end - start }
      if (!own && !visible && isAscending(positions, length))
        fillRanges(rows, { positions, length, window, keys: keys ?? everything, ...queries })
      else fillEach(rows, { positions, length, own, sees, ...queries })
    }
    return data
  }

  #program(rows: RowReduction, heads: ReduceRequest['heads']): Promise<Program> {
    const key = `${rows === 'weighted' ? 'mean' : rows} ${heads}`
    const known = this.#programs.get(key) ?? this.#device.compile(reduceGraph(this.#config, rows, heads))
    this.#programs.set(key, known)
    known.catch(() => this.#programs.delete(key))
    return known
  }
}

/** Heads of `[H, C]` reduced to `[C]`, or as they are. */
export function reduceHeads(values: Float32Array, heads: number, how: 'each' | 'mean' | 'max'): Float32Array {
  if (how === 'each') return values
  const width = values.length / heads
  const result = new Float32Array(width).fill(how === 'max' ? Number.NEGATIVE_INFINITY : 0)
  for (let head = 0; head < heads; head++)
    for (let column = 0; column < width; column++) {
      const value = values[head * width + column]!
      result[column] = how === 'max' ? Math.max(result[column]!, value) : result[column]! + value / heads
    }
  return result
}

/** Queries that follow each other, and the slots of a head. */
interface RowsOfHead {
  readonly first: number
  readonly count: number
  readonly positions: Int32Array
  readonly length: number
}

const everything = [{ from: 0, to: Number.POSITIVE_INFINITY }]

/** Each query sees ranges of the slots, filled at once: for long texts this is most of the work. */
function fillRanges(
  rows: Float32Array,
  {
    first,
    count,
    positions,
    length,
    window,
    keys,
  }: RowsOfHead & {
    window: number
    keys: NonNullable<ReduceRequest['keys']>
  },
): void {
  const width = rows.length / count
  for (let row = 0; row < count; row++)
    for (const range of keys) {
      const from = countBelow(positions, length, Math.max(range.from, first + row - window + 1))
      const to = countBelow(positions, length, Math.min(range.to, first + row + 1))
      if (to > from) rows.fill(0, row * width + from, row * width + to)
    }
}

function fillEach(
  rows: Float32Array,
  {
    first,
    count,
    positions,
    length,
    own,
    sees,
  }: RowsOfHead & {
    own: Float32Array | undefined
    sees: (query: number, key: number) => boolean
  },
): void {
  const width = rows.length / count
  for (let row = 0; row < count; row++)
    for (let slot = 0; slot < length; slot++)
      if (sees(first + row, positions[slot]!)) rows[row * width + slot] = own ? Math.max(own[slot]!, hidden) : 0
}

function isAscending(positions: Int32Array, length: number): boolean {
  for (let slot = 1; slot < length; slot++) if (positions[slot]! <= positions[slot - 1]!) return false
  return true
}

/** How many ascending positions are below a bound. */
function countBelow(positions: Int32Array, length: number, bound: number): number {
  let [low, high] = [0, length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (positions[middle]! < bound) low = middle + 1
    else high = middle
  }
  return low
}

function combine(sum: Float32Array, part: Float32Array, max: boolean): void {
  for (let index = 0; index < sum.length; index++)
    sum[index] = max ? Math.max(sum[index]!, part[index]!) : sum[index]! + part[index]!
}

function rowWeights(rows: RowReduction, start: number, end: number, count: number): Float32Array {
  const total = rows === 'mean' ? count : (count * (count + 1)) / 2
  return Float32Array.from({ length: end - start }, (_, row) => (rows === 'mean' ? 1 : start + row + 1) / total)
}

function reduceGraph(config: DecoderConfig, rows: RowReduction, heads: ReduceRequest['heads']): Graph {
  const { kvHeads, headDim } = config
  const group = config.heads / kvHeads
  const graph = new Graph('attention reduction')
  const queries = graph.input('queries', 'float32', ['R', config.heads * headDim])
  const keys = graph.input('keys', 'float32', [kvHeads, 'C', headDim])
  const bias = graph.input('bias', 'float32', [kvHeads, 'R', 'C'])
  const byHead = transpose(reshape(queries, ['R', kvHeads, group, headDim]), [1, 2, 0, 3])
  let scores = fusedMatMul(byHead, unsqueeze(keys, [1]), { transposeB: true, alpha: config.queryScale })
  const cap = config.attentionSoftcap
  if (cap) scores = multiply(tanh(divide(scores, cap)), cap)
  const probabilities = softmax(add(scores, unsqueeze(bias, [1])))
  if (rows === 'each') {
    const [axes, keepDims] = [[0, 1], false]
    if (heads === 'mean') graph.output('attention', reduceMean(probabilities, { axes, keepDims }))
    else if (heads === 'max') graph.output('attention', reduceMax(probabilities, { axes, keepDims }))
    else graph.output('attention', probabilities)
    return graph
  }
  const options = { axes: [2], keepDims: false }
  if (rows === 'max') graph.output('attention', reduceMax(probabilities, options))
  else {
    const weights = graph.input('weights', 'float32', ['R', 1])
    graph.output('attention', reduceSum(multiply(probabilities, weights), options))
  }
  return graph
}
