/** @file The selected branch of NSA, which is all of SSA: blocks chosen by attention over the means of complete blocks. */
import type { AttentionSite, PatternFeedContext } from '@lc/core'
import { add, fusedMatMul, reduceSum, reshape, softmax, unsqueeze, type Value } from '@lc/core/graph'
import type { HostTensor } from '@lc/core/runtime'
import { slotAttention } from './joined-attention.ts'
import { type NewRows, type OpenScores, openMix } from './open-attention.ts'
import { gatherPages, pageViews } from './page-views.ts'
import {
  type BlockInputs,
  type BlockSizes,
  blockMeans,
  blocksOfLayer,
  chooseBlocks,
  completeBlocks,
  hideOthers,
} from './token-blocks.ts'

/**
 * The weights of complete blocks, `[G, H/G, T, n]`: softmax of queries times mean keys. They mean nothing for tokens that come before the
 * end of the first block.
 */
export function blockWeights(site: AttentionSite, rows: NewRows, blocks: BlockInputs): Value {
  const means = unsqueeze(blockMeans(site, rows.keys, blocks, 'keyMeans'), [1])
  const complete = site.input('blockComplete', 'float32', [rows.keys.shape[1]!, blocksOfLayer(site)])
  const scores = fusedMatMul(rows.queries, means, { transposeB: true, alpha: site.config.queryScale })
  return softmax(add(scores, complete))
}

/** The inputs of `blockWeights` that patterns of blocks do not feed of themselves. */
export function feedBlockWeights(
  context: PatternFeedContext,
  layer: number,
  sizes: BlockSizes,
): Record<string, HostTensor> {
  return { [`blockComplete.${layer}`]: completeBlocks(context, sizes) }
}

/** Attention over the blocks with the largest sums of weights over a group, and over the own block: `[G, H/G, T, D]`. */
export function selectedAttention(
  site: AttentionSite,
  weights: Value,
  given: { readonly blocks: BlockInputs; readonly blockSize: number; readonly open: OpenScores | undefined },
): Value {
  const { blocks, blockSize, open } = given
  const importance = reduceSum(weights, { axes: [1], keepDims: true })
  const chosen = chooseBlocks(site, importance, blocks)
  site.output('blocks', chosen)
  if (open) return openMix(open, hideOthers(importance, chosen, blocks))
  const { kvHeads, heads, headDim } = site.config
  const pages = reshape(chosen, [kvHeads, chosen.shape[3]!])
  const output = slotAttention(site, gatherPages(site, pageViews(site, blockSize), pages, true))
  return reshape(output, [kvHeads, heads / kvHeads, 1, headDim])
}
