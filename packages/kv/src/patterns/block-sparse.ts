import type { AttentionPattern, AttentionSite, PatternFeedContext } from '@lc/core'
import {
  add,
  concat,
  expand,
  fusedMatMul,
  matMul,
  reduceMax,
  reshape,
  softmax,
  topK,
  transpose,
  unsqueeze,
  type Value,
} from '@lc/core/graph'
import type { HostTensor } from '@lc/core/runtime'
import { CacheMemory } from './cache-memory.ts'
import { floats, integers, integersBetween } from './host-inputs.ts'
import { softCapped } from './joined-attention.ts'
import { meansOfPages, PageSummaries } from './page-summaries.ts'
import { checkPageSize, slotsOfPages } from './page-views.ts'
import { cachedSlots, oneText, prefillPattern } from './prefill-attention.ts'
import { hidden } from './score-marks.ts'
import { wholeBlocks } from './token-blocks.ts'

/** Options of `blockSparse`. */
export interface BlockSparseOptions {
  /** Cached tokens that a chunk of a prompt sees, in whole blocks; the newest block comes besides. */
  readonly budget: number
  /** Tokens in a block: a power of two up to 256. Defaults to 64. */
  readonly blockSize?: number
}

/** The defaults of `blockSparse`. */
export const blockSparseDefaults = Object.freeze({ blockSize: 64 } as const)

/** Tokens whose queries are pooled. */
const part = 64

/**
 * Block-sparse prompts: mean queries of 64 tokens score mean keys of blocks; a chunk sees the blocks before it that some part of it
 * scores highest, the newest block, and itself. Steps see everything. Published code chooses per block of queries and query head; here
 * the parts of a chunk, and the query heads of a key/value head, share the union of what they like best.
 *
 * Jiang et al., "MInference 1.0" (NeurIPS 2024), section 3.2, algorithm 3; microsoft/MInference.
 *
 * @throws InvalidArgumentError for options that are out of range, BudgetTooSmallError for less than a block
 */
export function blockSparse(options: BlockSparseOptions): AttentionPattern {
  const blockSize = checkPageSize(options.blockSize ?? blockSparseDefaults.blockSize, 'blockSize')
  const most = wholeBlocks(options.budget, blockSize)
  const id = `block-sparse(${most * blockSize}, ${blockSize})`
  const memory = new CacheMemory(id, (context) =>
    context.config.layers.map(
      (_, layer) =>
        new PageSummaries(context, { layer, pageSize: blockSize }, meansOfPages(blockSize, context.config.headDim)),
    ),
  )
  // the newest block is read in any case, open or just closed: a tensor must not be empty
  const closed = (context: PatternFeedContext) => Math.ceil(cachedSlots(context) / blockSize) - 1
  const pattern = prefillPattern({
    id,
    choose: (site) => ({ slots: chooseBlocks(site, blockSize) }),
    count: (context) =>
      closed(context) > most ? most * blockSize + cachedSlots(context) - closed(context) * blockSize : undefined,
    feed: (context, layer) => feedLayer(context, { layer, most, blockSize, means: memory.of(context)[layer]! }),
  })
  return {
    ...pattern,
    feed: (context) => {
      for (const means of memory.of(context)) means.cut(context)
      return pattern.feed!(context)
    },
  }
}

/** The slots of the best blocks and of the newest one, int64 `[G, M]`. */
function chooseBlocks(site: AttentionSite, blockSize: number): Value {
  const { config, layer } = site
  const { kvHeads, headDim, heads } = config
  const tokens = site.query.shape[1]!
  const means = site.input('blockMeans', 'float32', [kvHeads, 1, `blocks${layer}`, headDim])
  const usable = site.input('blockBias', 'float32', [1, 1, 1, `blocks${layer}`])
  const pool = site.input('queryPool', 'float32', [`parts${layer}`, tokens])
  const open = site.input('openSlots', 'int64', [`open${layer}`])
  const count = site.input('blockCount', 'int64', [1])
  const pooled = matMul(pool, reshape(oneText(site.query), [tokens, heads * headDim]))
  const byHead = reshape(pooled, [pool.shape[0]!, kvHeads, heads / kvHeads, headDim])
  const queries = transpose(byHead, [1, 2, 0, 3])
  const scores = softCapped(site, fusedMatMul(queries, means, { transposeB: true, alpha: config.queryScale }))
  const best = reduceMax(softmax(add(scores, usable)), { axes: [1, 2], keepDims: false })
  const { indices } = topK(best, count, { sorted: false, count: `chosenBlocks${layer}` })
  const tail = expand(unsqueeze(open, [0]), [kvHeads, open.shape[0]!])
  return concat([slotsOfPages(site, indices, blockSize), tail])
}

function feedLayer(
  context: PatternFeedContext,
  choice: { layer: number; most: number; blockSize: number; means: PageSummaries },
): Record<string, HostTensor> {
  const { layer, most, blockSize, means } = choice
  const { config, tokens } = context
  const cached = cachedSlots(context)
  const { data, pages } = means.update(context)
  const closed = Math.ceil(cached / blockSize) - 1
  const usable = new Float32Array(pages).fill(hidden, closed)
  return {
    [`blockMeans.${layer}`]: floats([config.kvHeads, 1, pages, config.headDim], data),
    [`blockBias.${layer}`]: floats([1, 1, 1, pages], usable),
    [`queryPool.${layer}`]: queryPool(tokens),
    [`openSlots.${layer}`]: integersBetween(closed * blockSize, cached),
    [`blockCount.${layer}`]: integers([most]),
  }
}

/** The mean of each part of 64 tokens as a matrix, `[parts, T]`. */
function queryPool(tokens: number): HostTensor {
  const parts = Math.ceil(tokens / part)
  const data = new Float32Array(parts * tokens)
  for (let row = 0; row < parts; row++) {
    const [from, to] = [row * part, Math.min(tokens, (row + 1) * part)]
    data.fill(1 / (to - from), row * tokens + from, row * tokens + to)
  }
  return floats([parts, tokens], data)
}
