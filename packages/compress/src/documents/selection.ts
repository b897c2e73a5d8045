import type { Block } from './build-blocks.ts'

/** A plan: which blocks to keep, and what each is worth when the plan has to be trimmed or filled. */
export interface Selection {
  blocks: readonly Block[]
  /** 1 for each block to keep; closed under parents. */
  kept: Uint8Array
  values: Float64Array
  /** Whether what is left of the budget goes to any block, or only to blocks of the plan. */
  fill: 'all' | 'planned'
  /** Of each block: 0, or how late it is given up. */
  protection?: Uint8Array
}
