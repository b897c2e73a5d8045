/**
 * Attention patterns: which of the cached keys a step attends over, chosen inside the model by its query. Everything stays in the
 * cache; for `loadModel(..., { attention })`.
 * @module
 */

export { type AShapeOptions, aShape, aShapeDefaults } from './patterns/a-shape.ts'
export { type A2atsOptions, a2ats, a2atsDefaults } from './patterns/a2ats.ts'
export { type BlockSparseOptions, blockSparse, blockSparseDefaults } from './patterns/block-sparse.ts'
export { type BranchGates, readBranchGates } from './patterns/branch-gates.ts'
export { type CalibrateOptions, calibrateCodebooks, calibrateDefaults } from './patterns/calibrate-codebooks.ts'
export {
  type Codebook,
  type CodebookSample,
  type Codebooks,
  type FitCodebookOptions,
  fitCodebook,
} from './patterns/codebook.ts'
export { type DmaOptions, dma, readKeyBiasWeights } from './patterns/dma.ts'
export { type LongGenOptions, longGen, longGenDefaults } from './patterns/long-gen.ts'
export { type LongHeadsOptions, longHeads, longHeadsDefaults } from './patterns/long-heads.ts'
export { type CacheMethod, methodByName, methodNames } from './patterns/method-by-name.ts'
export { type MobaOptions, moba, mobaDefaults } from './patterns/moba.ts'
export { type NsaOptions, nsa, nsaDefaults } from './patterns/nsa.ts'
export {
  type NamedPatternOptions,
  type PatternName,
  patternByName,
  patternNames,
} from './patterns/pattern-by-name.ts'
export { type QuestOptions, quest, questDefaults } from './patterns/quest.ts'
export {
  type RecycledAttentionOptions,
  recycledAttention,
  recycledAttentionDefaults,
} from './patterns/recycled-attention.ts'
export { type ShadowKvOptions, shadowKv, shadowKvDefaults } from './patterns/shadow-kv.ts'
export { type SsaOptions, ssa, ssaDefaults } from './patterns/ssa.ts'
export type { KeyBiasWeights } from './patterns/token-biases.ts'
export {
  type VerticalColumnsOptions,
  verticalColumns,
  verticalColumnsDefaults,
} from './patterns/vertical-columns.ts'
