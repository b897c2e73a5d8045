import type { AttentionPattern, AttentionSite } from '@lc/core'
import {
  add,
  fusedMatMul,
  gather,
  matMul,
  multiply,
  multiplyDimensions,
  reduceMax,
  reshape,
  rotaryEmbedding,
  softmax,
  topK,
  transpose,
  unsqueeze,
  type Value,
} from '@lc/core/graph'
import { plainAttention } from '@lc/core/models'
import { checkInteger, checkOneOf } from '@lc/model/check'
import { CacheMemory } from './cache-memory.ts'
import { joinedAttention, scoresOf, softCapped } from './joined-attention.ts'
import { biasOfSlots, counting, gatherPages, pageViews, sizeOf, slotsOfPages } from './page-views.ts'
import type { ShadowSizes } from './shadow-keys.ts'
import { ShadowMemory } from './shadow-memory.ts'
import { wholeBlocks } from './token-blocks.ts'

/** Options of `shadowKv`. */
export interface ShadowKvOptions {
  /** Tokens of a prompt that a step reads by its low-rank keys, in whole chunks. */
  readonly budget: number
  /** Tokens in a chunk: 1, 2, 4, 8 or 16. Defaults to 8. */
  readonly chunkSize?: number
  /** Rank of the keys of all heads of a layer together; at most their channels. Defaults to 160. */
  readonly rank?: number
  /** Chunks by head that stay exact. Defaults to 48. */
  readonly outliers?: number
}

/** The defaults of `shadowKv`. */
export const shadowKvDefaults = Object.freeze({ chunkSize: 8, rank: 160, outliers: 48, localChunks: 4 } as const)

/**
 * ShadowKV: the keys of a prompt before their rotation, as a product of two thin matrices; mean keys of chunks as landmarks, by which a
 * step chooses the chunks whose keys it computes again. Chunks with a key far from their mean, the end of the prompt and what was
 * generated stay exact. A prompt that the chosen chunks and the exact ones hold is read in full.
 *
 * As in the published code: chunks are chosen by softmaxed scores, the largest over the query heads of a key/value head. The scale is
 * that of the model, where published code has that of 128 channels. The keys themselves stay in the cache as well: this shows what the
 * method computes and what it costs, and frees no memory. The factors are made at the first step after a prompt, on the host.
 *
 * Sun et al., "ShadowKV: KV Cache in Shadows for High-Throughput Long-Context LLM Inference" (ICML 2025), algorithms 1 and 2;
 * bytedance/ShadowKV.
 *
 * @throws InvalidArgumentError for options that are out of range, BudgetTooSmallError for less than a chunk
 */
export function shadowKv(options: ShadowKvOptions): AttentionPattern {
  const chunkSize = checkOneOf(options.chunkSize ?? shadowKvDefaults.chunkSize, 'chunkSize', [1, 2, 4, 8, 16])
  const rank = checkInteger(options.rank ?? shadowKvDefaults.rank, 'rank', { min: 1 })
  const outliers = checkInteger(options.outliers ?? shadowKvDefaults.outliers, 'outliers', { min: 0 })
  const count = wholeBlocks(options.budget, chunkSize)
  const sizes: ShadowSizes = { chunkSize, rank, outliers, localChunks: shadowKvDefaults.localChunks }
  const id = `shadow-kv(${count * chunkSize}, ${chunkSize}, ${rank}, ${outliers})`
  const memory = new CacheMemory(id, (context) => new ShadowMemory(context, { sizes, count, id }))
  return {
    id,
    prefill: 'fused',
    variant: (context) => (memory.of(context).shadowed(context) ? 'shadow' : undefined),
    build: (site) => (site.variant === 'shadow' ? shadowStep(site, { chunkSize, rank, count }) : plainAttention(site)),
    feed: (context) => memory.of(context).feed(context),
  }
}

function shadowStep(
  site: AttentionSite,
  { chunkSize, rank, count }: { chunkSize: number; rank: number; count: number },
): Value {
  const chunks = chooseChunks(site, count)
  site.output('chunks', chunks)
  const exact = gatherPages(
    site,
    pageViews(site, 1),
    site.input('exactSlots', 'int64', [site.config.kvHeads, `exact${site.layer}`]),
  )
  const keys = computedKeys(site, chunks, { chunkSize, rank })
  const bias = biasOfSlots(site, slotsOfPages(site, chunks, chunkSize))
  return joinedAttention(site, [
    { scores: scoresOf(site, exact.keys, exact.bias), values: exact.values },
    { scores: scoresOf(site, keys, bias), values: valuesOfChunks(site, chunks, chunkSize) },
  ])
}

/** The chunks whose landmarks score highest, int64 `[G, K]`. */
function chooseChunks(site: AttentionSite, count: number): Value {
  const { config, layer, query } = site
  const landmarks = site.input('landmarks', 'float32', [config.kvHeads, `chunks${layer}`, config.headDim])
  const usable = site.input('landmarkBias', 'float32', [config.kvHeads, 1, `chunks${layer}`])
  const scores = softCapped(site, fusedMatMul(landmarks, query, { transposeB: true, alpha: config.queryScale }))
  const weights = softmax(add(transpose(scores, [0, 2, 1]), usable))
  return topK(reduceMax(weights, { axes: [1], keepDims: false }), count, { sorted: false }).indices
}

/** The keys of chunks from their factors, rotated: `[G, K*c, D]`. */
function computedKeys(
  site: AttentionSite,
  chunks: Value,
  { chunkSize, rank }: { chunkSize: number; rank: number },
): Value {
  const { config, layer } = site
  const { kvHeads, headDim } = config
  const width = Math.min(rank, kvHeads * headDim)
  const rows = Number(chunks.shape[1]) * chunkSize
  const left = site.input('leftFactor', 'float32', [`factorRows${layer}`, chunkSize * width])
  const right = site.input('rightFactor', 'float32', [kvHeads, width, headDim])
  const before = matMul(reshape(gather(left, chunks), [kvHeads, rows, width]), right)
  const kind = config.layers[layer]!.rope
  if (kind === undefined) return before
  const { rotaryDim } = config.ropes[kind]!
  const [cos, sin] = ['chunkCos', 'chunkSin'].map((name) => {
    const table = site.input(name, 'float32', [`factorRows${layer}`, (chunkSize * rotaryDim) / 2])
    return reshape(gather(table, chunks), [kvHeads, rows, rotaryDim / 2])
  })
  const part = rotaryDim === headDim ? {} : { rotaryDim }
  return reshape(rotaryEmbedding(unsqueeze(before, [1]), cos!, sin!, part), [kvHeads, rows, headDim])
}

function valuesOfChunks(site: AttentionSite, chunks: Value, chunkSize: number): Value {
  const { graph, config, layer } = site
  const { kvHeads, headDim } = config
  const values = site.input('chunkValues', 'float32', [kvHeads, `valueChunks${layer}`, chunkSize * headDim])
  const heads = multiply(graph.constant(counting(kvHeads), [kvHeads, 1]), sizeOf(values, 1))
  const rows = reshape(values, [multiplyDimensions(kvHeads, `valueChunks${layer}`), chunkSize * headDim])
  return reshape(gather(rows, add(chunks, heads)), [kvHeads, Number(chunks.shape[1]) * chunkSize, headDim])
}
