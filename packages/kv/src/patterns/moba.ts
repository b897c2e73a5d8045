import type { AttentionPattern, AttentionSite } from '@lc/core'
import { concat, fusedMatMul, reshape, slice, unsqueeze, type Value } from '@lc/core/graph'
import { blockPattern } from './block-pattern.ts'
import { checkLayers } from './check-layers.ts'
import { slotAttention } from './joined-attention.ts'
import { joinHeads, newRows, openMix, openScores } from './open-attention.ts'
import { gatherPages, pageViews } from './page-views.ts'
import { blockInputs, blockMeans, checkBlockSize, chooseBlocks, hideOthers, wholeBlocks } from './token-blocks.ts'

/** Options of `moba`. */
export interface MobaOptions {
  /** Tokens that a token sees, in whole blocks, its own block among them: block size times the k of top-k. */
  readonly budget: number
  /** Tokens in a block: 1, 2, 4, 8 or a multiple of 16; that of the model's training. Defaults to 512. */
  readonly blockSize?: number
  /** Layers with full attention, as in the models that mix both. Defaults to none. */
  readonly fullLayers?: readonly number[]
}

/** The defaults of `moba`. */
export const mobaDefaults = Object.freeze({ blockSize: 512 } as const)

/**
 * MoBA: each token of a prompt and of an answer sees its own block up to itself, and the earlier blocks whose mean keys have the largest
 * products with its query, chosen by query head. For models that were trained with it: it has no weights of its own, and trained weights
 * were not tried here.
 *
 * Steps choose as prompts do, so that an answer is what a prompt of the same tokens is. Published code generates with full attention;
 * a session with `fullAttention` does that. Prompts are computed with masks, and save no time.
 *
 * Lu et al., "MoBA: Mixture of Block Attention for Long-Context LLMs" (2025), section 2.2; MoonshotAI/MoBA, moba_naive.
 *
 * @throws InvalidArgumentError for options that are out of range, BudgetTooSmallError for less than a block; PolicyPlanError at the first
 *   run after a policy evicted
 */
export function moba(options: MobaOptions): AttentionPattern {
  const blockSize = checkBlockSize(options.blockSize ?? mobaDefaults.blockSize)
  const most = wholeBlocks(options.budget, blockSize)
  const fullLayers = checkLayers(options.fullLayers ?? [], 'fullLayers')
  return blockPattern({
    id: `moba(${most * blockSize}, ${blockSize}${fullLayers.length > 0 ? `, ${fullLayers.join(' ')}` : ''})`,
    blockSize,
    most,
    fullLayers,
    build: (site) => mixtureOfBlocks(site, blockSize),
  })
}

function mixtureOfBlocks(site: AttentionSite, blockSize: number): Value {
  const rows = newRows(site)
  const blocks = blockInputs(site, rows.keys.shape[1]!)
  const means = unsqueeze(blockMeans(site, rows.keys, blocks, 'keyMeans'), [1])
  const scores = fusedMatMul(rows.queries, means, { transposeB: true })
  const chosen = chooseBlocks(site, scores, blocks)
  site.output('blocks', chosen)
  if (site.mode === 'step') return stepByMember(site, chosen, blockSize)
  return joinHeads(site, openMix(openScores(site, rows), hideOthers(scores, chosen, blocks)))
}

/** A step whose query heads each read blocks of their own, int64 `[G, H/G, 1, K]`. */
function stepByMember(site: AttentionSite, chosen: Value, blockSize: number): Value {
  const { config, query, key, value } = site
  const { kvHeads, heads, headDim } = config
  const views = pageViews(site, blockSize)
  const outputs = Array.from({ length: heads / kvHeads }, (_, start) => {
    const own = { axis: 1, start, end: start + 1 }
    const pages = reshape(slice(chosen, own), [kvHeads, chosen.shape[3]!])
    const member = { config: { ...config, heads: kvHeads }, query: slice(query, own), key, value }
    return reshape(slotAttention(member, gatherPages(site, views, pages, true)), [kvHeads, 1, headDim])
  })
  return reshape(concat(outputs, { axis: 1 }), [1, heads * headDim])
}
