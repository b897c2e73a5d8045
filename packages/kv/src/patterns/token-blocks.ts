/** @file Blocks of neighbouring tokens: which of them each new token may choose, how they are told apart, and how they are read. */
import type { AttentionSite, PatternFeedContext } from '@lc/core'
import {
  add,
  addDimensions,
  cast,
  type Dimension,
  gather,
  matMul,
  multiply,
  scatterElements,
  topK,
  type Value,
} from '@lc/core/graph'
import type { HostTensor } from '@lc/core/runtime'
import { checkArgument, checkInteger } from '@lc/model/check'
import { type CacheBudget, readSlots } from '../policy/budget.ts'
import { floats, integers } from './host-inputs.ts'
import { forced, hidden } from './score-marks.ts'

/** Checks a number of tokens in a block: what pages of the cache can be gathered in. */
export function checkBlockSize(size: number): number {
  checkInteger(size, 'blockSize', { min: 1 })
  const fits = size < 16 ? 16 % size === 0 : size % 16 === 0
  checkArgument(fits, 'blockSize', size, '1, 2, 4, 8 or a multiple of 16')
  return size
}

/** Whole blocks of a budget in slots. @throws BudgetTooSmallError for less than one */
export function wholeBlocks(budget: CacheBudget, blockSize: number): number {
  return Math.floor(readSlots(budget, blockSize) / blockSize)
}

/** Inputs about blocks that are the same for all layers. Letters: n blocks that there is room for, T new tokens, C slots. */
export interface BlockPlan {
  /** float32 `[n, T]`: what each new token adds to the mean of its block. */
  readonly blockPool: HostTensor
  /** float32 `[T, n]`: zero for blocks before a token's own, which wins over all; later ones lose. */
  readonly blockChoice: HostTensor
  /** int64 `[1]`: blocks that are chosen, where there are as many. */
  readonly blockCount: HostTensor
  /** int64 `[C+T]`: blocks of slots and new tokens. Open chunks only. */
  readonly blockOf?: HostTensor
}

/** Sizes of a choice of blocks. */
export interface BlockSizes {
  readonly blockSize: number
  /** Blocks that there is room for, n. */
  readonly blocks: number
  /** Blocks that a token chooses, its own among them. */
  readonly most: number
}

/** Plans a run over blocks. */
export function planBlocks(
  { mode, capacity, position, tokens }: PatternFeedContext,
  { blockSize, blocks, most }: BlockSizes,
): BlockPlan {
  const pool = new Float32Array(blocks * tokens)
  const choice = new Float32Array(tokens * blocks)
  for (let token = 0; token < tokens; token++) {
    const own = Math.floor((position + token) / blockSize)
    pool[own * tokens + token] = 1 / blockSize
    choice.fill(hidden, token * blocks + own, (token + 1) * blocks)
    choice[token * blocks + own] = forced
  }
  const reached = Math.floor((position + tokens - 1) / blockSize) + 1
  return {
    blockPool: floats([blocks, tokens], pool),
    blockChoice: floats([tokens, blocks], choice),
    blockCount: integers([Math.min(most, reached)]),
    ...(mode === 'open' && { blockOf: blocksOf({ capacity, position, tokens, blockSize, blocks }) }),
  }
}

/** float32 `[T, n]`: zero for blocks that are complete with a token, its own perhaps; others lose. */
export function completeBlocks(
  { position, tokens }: PatternFeedContext,
  { blockSize, blocks }: BlockSizes,
): HostTensor {
  const data = new Float32Array(tokens * blocks)
  for (let token = 0; token < tokens; token++)
    data.fill(hidden, token * blocks + Math.floor((position + token + 1) / blockSize), (token + 1) * blocks)
  return floats([tokens, blocks], data)
}

/** Slots that are not in use are hidden whatever their block is. */
function blocksOf(from: {
  readonly capacity: number
  readonly position: number
  readonly tokens: number
  readonly blockSize: number
  readonly blocks: number
}): HostTensor {
  const { capacity, position, tokens, blockSize, blocks } = from
  const places = Array.from({ length: capacity + tokens }, (_, place) => {
    const at = place < capacity ? place : position + place - capacity
    return Math.min(blocks - 1, Math.floor(at / blockSize))
  })
  return integers(places)
}

/** Declared inputs of a plan. */
export interface BlockInputs {
  readonly pool: Value
  readonly choice: Value
  readonly count: Value
  readonly blockOf?: Value
}

/** The name of n in graphs. */
export function blocksOfLayer({ layer }: AttentionSite): string {
  return `blocks${layer}`
}

/** Declares the inputs of a plan. */
export function blockInputs(site: AttentionSite, tokens: Dimension): BlockInputs {
  const blocks = blocksOfLayer(site)
  return {
    pool: site.input('blockPool', 'float32', [blocks, tokens]),
    choice: site.input('blockChoice', 'float32', [tokens, blocks]),
    count: site.input('blockCount', 'int64', [1]),
    ...(site.mode === 'open' && {
      blockOf: site.input('blockOf', 'int64', [addDimensions(site.pastKey.shape[1]!, tokens)]),
    }),
  }
}

/** Means of blocks, `[G, n, D]`: those of new rows `[G, T, D]` and of what is cached, which is fed as `name`. */
export function blockMeans(site: AttentionSite, rows: Value, { pool }: BlockInputs, name: string): Value {
  const { kvHeads, headDim } = site.config
  return add(site.input(name, 'float32', [kvHeads, blocksOfLayer(site), headDim]), matMul(pool, rows))
}

/** The blocks that each token chooses by its scores `[..., T, n]`, its own among them: int64 `[..., T, K]`. */
export function chooseBlocks(site: AttentionSite, scores: Value, { choice, count }: BlockInputs): Value {
  return topK(add(scores, choice), count, { sorted: false, count: `chosenBlocks${site.layer}` }).indices
}

/** What hides the keys of other blocks than the chosen ones in an open chunk: `[..., T, C+T]`. */
export function hideOthers(scores: Value, chosen: Value, { blockOf }: BlockInputs): Value {
  const none = add(multiply(scores, 0), hidden)
  const shown = multiply(cast(chosen, 'float32'), 0)
  return gather(scatterElements(none, chosen, shown), blockOf!, { axis: -1 })
}
