import type { AttentionPattern, AttentionSite, PatternFeedContext } from '@lc/core'
import { add, addDimensions, matMul, multiply, reshape, unsqueeze, type Value } from '@lc/core/graph'
import type { HostTensor } from '@lc/core/runtime'
import { checkInteger } from '@lc/model/check'
import { blockPattern } from './block-pattern.ts'
import { type BranchGates, checkGates, feedGates, gateOf, gateValues } from './branch-gates.ts'
import { floats, integersBetween } from './host-inputs.ts'
import { slotAttention } from './joined-attention.ts'
import { joinHeads, newRows, type OpenScores, openMix, openScores } from './open-attention.ts'
import { gatherAlike } from './page-views.ts'
import { hidden } from './score-marks.ts'
import { blockWeights, feedBlockWeights, selectedAttention } from './selected-blocks.ts'
import { blockInputs, blockMeans, checkBlockSize, wholeBlocks } from './token-blocks.ts'

/** Options of `nsa`. */
export interface NsaOptions {
  /** Tokens of the selected branch, in whole blocks, a token's own block among them. */
  readonly budget: number
  /** By layer, as `readBranchGates` reads them. */
  readonly gates: BranchGates
  /** Tokens in a block: 1, 2, 4, 8 or a multiple of 16. Defaults to 64. */
  readonly blockSize?: number
  /** Tokens of the window branch, a token itself among them. Defaults to 512. */
  readonly window?: number
}

/** The defaults of `nsa`, as in the paper, whose budget is 1,024. */
export const nsaDefaults = Object.freeze({ blockSize: 64, window: 512 } as const)

/**
 * NSA: three attentions of each token, added with learned gates: over the means of complete blocks (compressed), over the blocks with
 * the largest weights there, summed over the query heads of a key/value head, and the own one (selected), and over a window. For models
 * that were trained with it; trained weights were not tried here. Steps choose as prompts do; prompts are computed with masks, and save
 * no time.
 *
 * The paper compresses overlapping blocks by a learned network and gives each branch keys and values of its own; the published kernels,
 * which this follows, have means of blocks, and the same keys and values for all branches. A token that completes its block counts that
 * block as compressed; before the end of the first block the compressed branch gives nothing.
 *
 * Yuan et al., "Native Sparse Attention: Hardware-Aligned and Natively Trainable Sparse Attention" (2025), section 3;
 * fla-org/native-sparse-attention, parallel_nsa.
 *
 * @throws InvalidArgumentError for options that are out of range, BudgetTooSmallError for less than a block; PolicyPlanError at the first
 *   run for gates of another model, and after a policy evicted
 */
export function nsa(options: NsaOptions): AttentionPattern {
  const blockSize = checkBlockSize(options.blockSize ?? nsaDefaults.blockSize)
  const window = checkInteger(options.window ?? nsaDefaults.window, 'window', { min: 2 })
  const most = wholeBlocks(options.budget, blockSize)
  const gates = checkGates(options.gates)
  const id = `nsa(${most * blockSize}, ${blockSize}, ${window})`
  return blockPattern({
    id,
    blockSize,
    most,
    valueMeans: true,
    build: (site) => threeBranches(site, blockSize),
    feed: (context, layer, sizes) => ({
      ...feedBlockWeights(context, layer, sizes),
      ...feedGates(context.config, layer, { gates, pattern: id }),
      [`anyComplete.${layer}`]: anyComplete(context, blockSize),
      ...feedWindow(context, layer, window),
    }),
  })
}

function threeBranches(site: AttentionSite, blockSize: number): Value {
  const rows = newRows(site)
  const tokens = rows.keys.shape[1]!
  const blocks = blockInputs(site, tokens)
  const open = site.mode === 'open' ? openScores(site, rows) : undefined
  const weights = blockWeights(site, rows, blocks)
  const means = unsqueeze(blockMeans(site, rows.values, blocks, 'valueMeans'), [1])
  const branches = {
    compressed: multiply(matMul(weights, means), site.input('anyComplete', 'float32', [tokens, 1])),
    selected: selectedAttention(site, weights, { blocks, blockSize, open }),
    window: windowAttention(site, open),
  }
  const gates = gateValues(site, tokens)
  const [first, second, third] = (['compressed', 'selected', 'window'] as const).map((branch) =>
    multiply(branches[branch], gateOf(gates, branch)),
  ) as [Value, Value, Value]
  return joinHeads(site, add(add(first, second), third))
}

/** Attention over the last tokens: `[G, H/G, T, D]`. */
function windowAttention(site: AttentionSite, open: OpenScores | undefined): Value {
  const { config, layer, pastKey } = site
  const { kvHeads, heads, headDim } = config
  if (open) {
    const tokens = open.scores.shape[2]!
    return openMix(open, site.input('windowBias', 'float32', [tokens, addDimensions(pastKey.shape[1]!, tokens)]))
  }
  const slots = site.input('windowSlots', 'int64', [`windowSlots${layer}`])
  return reshape(slotAttention(site, gatherAlike(site, slots)), [kvHeads, heads / kvHeads, 1, headDim])
}

/** float32 `[T, 1]`: 1 where a block is complete with a token, or 0. */
function anyComplete({ position, tokens }: PatternFeedContext, blockSize: number): HostTensor {
  const data = Float32Array.from({ length: tokens }, (_, token) => (position + token + 1 >= blockSize ? 1 : 0))
  return floats([tokens, 1], data)
}

function feedWindow(context: PatternFeedContext, layer: number, window: number): Record<string, HostTensor> {
  const { mode, position } = context
  if (mode !== 'step') return { [`windowBias.${layer}`]: windowBias(context, window) }
  const first = Math.max(0, position - window + 1)
  // an empty cache has one slot to read, which is hidden
  return { [`windowSlots.${layer}`]: integersBetween(first, Math.max(1, position)) }
}

/** float32 `[T, C+T]`: hides what is further back than the window. */
function windowBias({ capacity, position, tokens }: PatternFeedContext, window: number): HostTensor {
  const width = capacity + tokens
  const data = new Float32Array(tokens * width)
  for (let token = 0; token < tokens; token++) {
    const first = position + token - window + 1
    data.fill(hidden, token * width, token * width + Math.max(0, Math.min(first, position)))
    data.fill(hidden, token * width + capacity, token * width + capacity + Math.max(0, first - position))
  }
  return floats([tokens, width], data)
}
