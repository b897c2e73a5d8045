import type { AttentionPattern, AttentionSite, PatternFeedContext } from '@lc/core'
import {
  add,
  cast,
  concat,
  expand,
  fusedMatMul,
  negate,
  reduceMax,
  reshape,
  rotaryEmbedding,
  tile,
  topK,
  transpose,
  type Value,
} from '@lc/core/graph'
import { plainAttention } from '@lc/core/models'
import type { HostTensor } from '@lc/core/runtime'
import { BudgetTooSmallError } from '@lc/model/errors'
import { readSlots } from '../policy/budget.ts'
import { CacheMemory } from './cache-memory.ts'
import { ChunkKeys } from './chunk-keys.ts'
import { floats } from './host-inputs.ts'
import { joinedAttention, softCapped } from './joined-attention.ts'
import { checkPageSize, feedPageViews, gatherPages, pageViews } from './page-views.ts'
import { forced } from './score-marks.ts'
import { turnsBy } from './turn-rows.ts'
import { ValueRows } from './value-rows.ts'

/** Options of `longHeads`. */
export interface LongHeadsOptions {
  /** Tokens that a step sees, in whole chunks, the newest chunk among them: the positions that a query meets. */
  readonly budget: number
  /** Tokens in a chunk: a power of two up to 256. Defaults to 256. */
  readonly chunkSize?: number
}

/** The defaults of `longHeads`. */
export const longHeadsDefaults = Object.freeze({ chunkSize: 256 } as const)

const fewestChunks = 3

/**
 * LongHeads: each step sees the first chunk, the newest two, and those whose keys match its query best, at positions counted anew, so
 * that no distance goes beyond the budget. Texts of fewer chunks are read in full.
 *
 * Steps only: prompts are read with full attention at their own positions, where the method selects for them too. The method has one key
 * per query head; here the query heads of a key/value head share their mean in a chunk's key, and the largest of their scores. Chunk keys
 * need the queries of a text: a session goes on with what it read itself, or what the session read that it was forked from; one that was
 * restored from a file does not.
 *
 * Lu et al., "LongHeads: Multi-Head Attention is Secretly a Long Context Processor" (2024), arXiv 2402.10685; LuLuLuyi/LongHeads, whose
 * decoding this follows.
 *
 * @throws InvalidArgumentError for options that are out of range, BudgetTooSmallError for fewer than three chunks
 */
export function longHeads(options: LongHeadsOptions): AttentionPattern {
  const chunkSize = checkPageSize(options.chunkSize ?? longHeadsDefaults.chunkSize, 'chunkSize')
  const chunks = Math.floor(readSlots(options.budget, 0) / chunkSize)
  if (chunks < fewestChunks)
    throw new BudgetTooSmallError({
      budget: options.budget,
      minimum: fewestChunks * chunkSize,
      reason: 'the first and the newest two chunks',
    })
  const id = `long-heads(${chunks * chunkSize}, ${chunkSize})`
  const memory = new CacheMemory(id, (context) =>
    context.config.layers.map((_, layer) => new ChunkKeys(context, { layer, chunkSize, pattern: id })),
  )
  const rows = new CacheMemory(id, (context) => context.config.layers.map((_, layer) => new ValueRows(context, layer)))
  const chooses = (context: PatternFeedContext): boolean =>
    context.mode === 'step' && Math.floor(context.length(0, 0) / chunkSize) >= chunks - 1
  return {
    id,
    prefill: 'fused',
    variant: (context) => (chooses(context) ? 'heads' : undefined),
    build: (site) => (site.variant === 'heads' ? chosenHeads(site, { chunkSize, chunks }) : plainAttention(site)),
    feed: (context) => {
      const feeds: Record<string, HostTensor> = {}
      for (const [layer, keys] of memory.of(context).entries()) {
        const values = rows.of(context)[layer]!
        if (chooses(context)) feedLayer(feeds, context, { layer, keys, values, chunkSize, chunks })
        else for (const kept of [keys, values]) kept.cut(context)
      }
      return feeds
    },
    fetches: ({ config }) => config.layers.map((_, layer) => `query.${layer}`),
    observe: (context, outputs) => {
      for (const [layer, keys] of memory.of(context).entries()) keys.take(context, outputs[`query.${layer}`]!)
    },
    forked: (from, to) => memory.fork(from, to, (layers) => layers.map((keys) => keys.fork())),
  }
}

interface Sizes {
  readonly chunkSize: number
  /** Chunks that a step sees, K. */
  readonly chunks: number
}

function chosenHeads(site: AttentionSite, { chunkSize, chunks }: Sizes): Value {
  const { config } = site
  const { kvHeads, heads, headDim } = config
  const chosen = chooseChunks(site, chunks)
  site.output('chunks', chosen)
  const { keys, values, bias } = gatherPages(site, pageViews(site, chunkSize), chosen, true)
  const repeated = tile(reshape(site.query, [1, heads, 1, headDim]), [1, 1, chunks, 1])
  const turned = reshape(turn(site, repeated, 'rank', chunks), [kvHeads, heads / kvHeads, chunks, headDim])
  const byChunk = reshape(keys, [kvHeads, chunks, chunkSize, headDim])
  const product = fusedMatMul(byChunk, transpose(turned, [0, 2, 1, 3]), { transposeB: true, alpha: config.queryScale })
  const scores = reshape(product, [kvHeads, chunks * chunkSize, heads / kvHeads])
  const shown = add(transpose(softCapped(site, scores), [0, 2, 1]), bias)
  return joinedAttention(site, [{ scores: shown, values }])
}

/** The chunks of each head by rising number, the newest, which is still open, at the end: int64 `[G, K]`. */
function chooseChunks(site: AttentionSite, chunks: number): Value {
  const { config, layer, query } = site
  const { kvHeads, heads, headDim } = config
  const keys = site.input('chunkKeys', 'float32', [kvHeads, `wholeChunks${layer}`, headDim])
  const bias = site.input('chunkBias', 'float32', [1, `wholeChunks${layer}`])
  const open = site.input('openChunk', 'int64', [1, 1])
  const before = turn(site, reshape(query, [1, heads, 1, headDim]), 'origin', 1)
  const product = fusedMatMul(keys, reshape(before, [kvHeads, heads / kvHeads, headDim]), { transposeB: true })
  const scores = add(reduceMax(product, { axes: [2], keepDims: false }), bias)
  const { indices } = topK(scores, chunks - 1, { sorted: false })
  const rising = topK(negate(cast(indices, 'float32')), chunks - 1, { sorted: true }).values
  return concat([cast(negate(rising), 'int64'), expand(open, [kvHeads, 1])])
}

/** Rows `[1, H, P, D]` turned by the fed angles. */
function turn(site: AttentionSite, rows: Value, name: 'rank' | 'origin', count: number): Value {
  const kind = site.config.layers[site.layer]!.rope
  if (kind === undefined) return rows
  const { rotaryDim } = site.config.ropes[kind]!
  const [cos, sin] = ['Cos', 'Sin'].map((part) => site.input(`${name}${part}`, 'float32', [1, count, rotaryDim / 2]))
  return rotaryEmbedding(rows, cos!, sin!, rotaryDim === site.config.headDim ? {} : { rotaryDim })
}

function feedLayer(
  feeds: Record<string, HostTensor>,
  context: PatternFeedContext,
  { layer, keys, values, chunkSize, chunks }: Sizes & { layer: number; keys: ChunkKeys; values: ValueRows },
): void {
  const { kvHeads, headDim } = context.config
  const length = context.length(layer, 0)
  const { local, chunks: data, count } = keys.update(context)
  feedPageViews(feeds, context, { layer, pageSize: chunkSize, values })
  feeds[`keyPages.${layer}`] = { ...feeds[`keyPages.${layer}`]!, data: local } as HostTensor
  feeds[`chunkKeys.${layer}`] = floats([kvHeads, count, headDim], data)
  const bias = new Float32Array(count)
  bias[0] = forced
  bias[count - 1] = forced
  feeds[`chunkBias.${layer}`] = floats([1, count], bias)
  feeds[`openChunk.${layer}`] = { dtype: 'int64', shape: [1, 1], data: BigInt64Array.of(BigInt(count)) }
  const place = (chunks - 1) * chunkSize + length - count * chunkSize
  const ranks = Array.from({ length: chunks }, (_, rank) => place - rank * chunkSize - context.position)
  for (const [name, deltas] of [['rank', ranks] as const, ['origin', [-context.position]] as const]) {
    const { cos, sin, half } = turnsBy(context, layer, deltas)
    if (half === 0) continue
    feeds[`${name}Cos.${layer}`] = floats([1, deltas.length, half], cos)
    feeds[`${name}Sin.${layer}`] = floats([1, deltas.length, half], sin)
  }
}
