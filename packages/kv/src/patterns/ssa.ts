import type { AttentionPattern, AttentionSite } from '@lc/core'
import { multiply, type Value } from '@lc/core/graph'
import { blockPattern } from './block-pattern.ts'
import { type BranchGates, checkGates, feedGates, gateOf, gateValues } from './branch-gates.ts'
import { joinHeads, newRows, openScores } from './open-attention.ts'
import { blockWeights, feedBlockWeights, selectedAttention } from './selected-blocks.ts'
import { blockInputs, checkBlockSize, wholeBlocks } from './token-blocks.ts'

/** Options of `ssa`. */
export interface SsaOptions {
  /** Tokens that a token sees, in whole blocks, its own block among them. Beyond the text's length: the model's full mode. */
  readonly budget: number
  /** By layer, as `readBranchGates` reads them; the gates of the selected branch count. */
  readonly gates: BranchGates
  /** Tokens in a block: 1, 2, 4, 8 or a multiple of 16. Defaults to 16. */
  readonly blockSize?: number
}

/** The defaults of `ssa`, as in the published configuration, whose budget is 256. */
export const ssaDefaults = Object.freeze({ blockSize: 16 } as const)

/**
 * SSA: each token sees its own block up to itself, and the earlier blocks that attention over mean keys weighs most, summed over the query
 * heads of a key/value head; a learned gate scales the output of each query head, in the full mode too. For models that were trained
 * with it; trained weights were not tried here. Steps choose as prompts do; prompts are computed with masks, and save no time.
 *
 * "SSA: Sparse Sparse Attention by Aligning Full and Sparse Attention Outputs in Feature Space" (2025); zhenyi4/ssa, whose kernel counts
 * the own block as soon as it is complete among those that weights are shared over, and asks for 16 query heads per key/value head or a
 * multiple of that, which is not needed here.
 *
 * @throws InvalidArgumentError for options that are out of range, BudgetTooSmallError for less than a block; PolicyPlanError at the first
 *   run for gates of another model, and after a policy evicted
 */
export function ssa(options: SsaOptions): AttentionPattern {
  const blockSize = checkBlockSize(options.blockSize ?? ssaDefaults.blockSize)
  const most = wholeBlocks(options.budget, blockSize)
  const gates = checkGates(options.gates)
  const id = `ssa(${most * blockSize}, ${blockSize})`
  return blockPattern({
    id,
    blockSize,
    most,
    build: (site) => gatedSelection(site, blockSize),
    feed: (context, layer, sizes) => ({
      ...feedBlockWeights(context, layer, sizes),
      ...feedGates(context.config, layer, { gates, pattern: id }),
    }),
  })
}

function gatedSelection(site: AttentionSite, blockSize: number): Value {
  const rows = newRows(site)
  const tokens = rows.keys.shape[1]!
  const blocks = blockInputs(site, tokens)
  const open = site.mode === 'open' ? openScores(site, rows) : undefined
  const selected = selectedAttention(site, blockWeights(site, rows, blocks), { blocks, blockSize, open })
  return joinHeads(site, multiply(selected, gateOf(gateValues(site, tokens), 'selected')))
}
