/** @file Small programs over queries taken as Gaussian: their moments, and what keys may expect of them. */
import type { CallOptions } from '@lc/model'
import { Graph } from '../graph/graph.ts'
import { add, multiply, subtract } from '../graph/ops/elementwise.ts'
import { fusedMatMul } from '../graph/ops/matmul.ts'
import { concat, reshape, slice, transpose, unsqueeze } from '../graph/ops/movement.ts'
import { reduceMean, reduceSum } from '../graph/ops/reduction.ts'
import type { DecoderConfig } from '../models/decoder/decoder-config.ts'
import type { Device } from '../runtime/device.ts'
import type { Program } from '../runtime/program.ts'
import type { HostTensor } from '../runtime/tensor.ts'
import type { GaussianQueries } from './cache-policy.ts'
import type { KvCache } from './kv-cache.ts'
import { keyBlock } from './kv-layer.ts'

/** Cosines and sines `[T, R/2]` that take a rotation back. */
export interface BackTurns {
  readonly cos: Float32Array
  readonly sin: Float32Array
}

/** Mean `[H, D]` and sum of products of what deviates from it `[H, D, D]`. */
export interface QueryMoments {
  readonly mean: Float32Array
  readonly products: Float32Array
}

/** Runs these programs; compiles each when it is first needed. */
export class GaussianQueryPrograms {
  readonly #config: DecoderConfig
  readonly #device: Device
  readonly #programs = new Map<string, Promise<Program>>()

  constructor(fields: { config: DecoderConfig; device: Device }) {
    this.#config = fields.config
    this.#device = fields.device
  }

  /** Moments of rotated queries `[T, H*D]`, by query head, as they were before the rotation. */
  async moments(
    queries: Float32Array,
    turns: BackTurns | undefined,
    { signal }: CallOptions = {},
  ): Promise<QueryMoments> {
    const { heads, headDim } = this.#config
    const tokens = queries.length / (heads * headDim)
    const half = turns ? turns.cos.length / tokens : 0
    const program = await this.#program(`moments ${half}`, () => momentsGraph(this.#config, half))
    const feeds = {
      queries: float32([tokens, heads * headDim], queries),
      ...(turns && { cos: float32([tokens, half], turns.cos), sin: float32([tokens, half], turns.sin) }),
    }
    const outputs = await program.run(feeds, ['mean', 'products'], signal ? { signal } : {})
    return { mean: outputs.mean!.data as Float32Array, products: outputs.products!.data as Float32Array }
  }

  /** The logarithm of the mean exponential of each slot's score, by query head; see `CacheEvent.expectedLogits`. */
  async expectedLogits(
    cache: KvCache,
    layer: number,
    queries: readonly GaussianQueries[],
    { signal }: CallOptions = {},
  ): Promise<Float32Array[]> {
    const { heads, kvHeads, headDim } = this.#config
    const group = heads / kvHeads
    const { capacity } = cache.layer(layer).layout
    const mean = new Float32Array(heads * headDim)
    const covariance = new Float32Array(heads * headDim * headDim)
    for (const [head, each] of queries.entries()) {
      mean.set(each.mean, head * headDim)
      covariance.set(each.covariance, head * headDim * headDim)
    }
    const program = await this.#program('logits', () => logitsGraph(this.#config))
    const feeds = {
      keys: float32([kvHeads, capacity, headDim], keyBlock(cache.layer(layer), cache.lengthsOf(layer))),
      mean: float32([kvHeads, group, 1, headDim], mean),
      covariance: float32([kvHeads, group, headDim, headDim], covariance),
    }
    const outputs = await program.run(feeds, ['logits'], signal ? { signal } : {})
    const logits = outputs.logits!.data as Float32Array
    return Array.from({ length: heads }, (_, head) => {
      const slots = cache.lengthOf(layer, Math.floor(head / group))
      return logits.subarray(head * capacity, head * capacity + slots)
    })
  }

  async close(): Promise<void> {
    for (const program of this.#programs.values()) await (await program.catch(() => undefined))?.close()
    this.#programs.clear()
  }

  #program(name: string, build: () => Graph): Promise<Program> {
    const known = this.#programs.get(name) ?? this.#device.compile(build())
    this.#programs.set(name, known)
    known.catch(() => this.#programs.delete(name))
    return known
  }
}

function momentsGraph({ heads, headDim }: DecoderConfig, half: number): Graph {
  const graph = new Graph('moments of queries')
  const queries = reshape(graph.input('queries', 'float32', ['T', heads * headDim]), ['T', heads, headDim])
  let own = queries
  if (half > 0) {
    // [T, 1, R/2]: all heads of a token turn alike
    const [cos, sin] = ['cos', 'sin'].map((name) => unsqueeze(graph.input(name, 'float32', ['T', half]), [1]))
    const first = slice(queries, { axis: 2, start: 0, end: half })
    const second = slice(queries, { axis: 2, start: half, end: 2 * half })
    own = concat([
      add(multiply(first, cos!), multiply(second, sin!)),
      subtract(multiply(second, cos!), multiply(first, sin!)),
      ...(2 * half < headDim ? [slice(queries, { axis: 2, start: 2 * half, end: headDim })] : []),
    ])
  }
  const byHead = transpose(own, [1, 0, 2])
  const mean = reduceMean(byHead, { axes: [1] })
  // deviations, not the queries themselves: their squares would drown small variances in rounding
  const deviations = subtract(byHead, mean)
  graph.output('mean', reshape(mean, [heads, headDim]))
  graph.output('products', fusedMatMul(deviations, deviations, { transposeA: true }))
  return graph
}

function logitsGraph({ heads, kvHeads, headDim, queryScale }: DecoderConfig): Graph {
  const group = heads / kvHeads
  const graph = new Graph('expected logits')
  const keys = unsqueeze(graph.input('keys', 'float32', [kvHeads, 'C', headDim]), [1])
  const mean = graph.input('mean', 'float32', [kvHeads, group, 1, headDim])
  const covariance = graph.input('covariance', 'float32', [kvHeads, group, headDim, headDim])
  const linear = fusedMatMul(mean, keys, { transposeB: true, alpha: queryScale })
  const products = multiply(fusedMatMul(keys, covariance, { alpha: queryScale ** 2 / 2 }), keys)
  const quadratic = reduceSum(products, { keepDims: false })
  graph.output('logits', add(reshape(linear, [heads, 'C']), reshape(quadratic, [heads, 'C'])))
  return graph
}

function float32(shape: readonly number[], data: Float32Array): HostTensor {
  return { dtype: 'float32', shape, data }
}
