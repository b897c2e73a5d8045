/** The parts that cache policies are composed of: scores, budgets, selections, merges; pure functions over small arrays. @module */
export { adaptiveBudgetsExact, adaptiveBudgetsOfficial } from './budgeters/adaptive.ts'
export { poolShare } from './budgeters/pool-share.ts'
export { type PyramidOptions, pyramidBudgets } from './budgeters/pyramid.ts'
export { linearCounts, pyramidShare, pyramidShareOfKvpress } from './budgeters/pyramid-share.ts'
export { type FindHeadGatesOptions, findHeadGates, findHeadGatesDefaults } from './head-profile/find-gates.ts'
export { formatHeadProfile, type HeadProfile, parseHeadProfile, retrievalHeads } from './head-profile/head-profile.ts'
export {
  compactLadder,
  type LadderOptions,
  type LadderShape,
  type LadderState,
  ladderShape,
  ladderState,
} from './ladder/ladder.ts'
export {
  type ConvolutionWeights,
  type ConvolvedSlots,
  convolveSlots,
  type HeadSlots,
} from './mergers/convolved-slots.ts'
export {
  gaussianSet,
  type MergeSet,
  mergeRows,
  runsForCount,
  type SlotRun,
  similarRuns,
} from './mergers/gaussian-sets.ts'
export {
  type MergeMap,
  type MergeRule,
  mergeIntoSurvivors,
  mergeValues,
  nearestSurvivors,
} from './mergers/nearest-survivor.ts'
export { spreadFactor, type ValueSpread } from './mergers/value-spread.ts'
export { type CacheBudget, readBudget, readSlots } from './policy/budget.ts'
export { hash } from './policy/hash.ts'
export { keysOf, meanLength, perHead, valuesOf } from './policy/head-rows.ts'
export { columnsOf } from './policy/observed-columns.ts'
export {
  type MergeContext,
  type PolicyParts,
  type ScoreContext,
  type ScoredPolicy,
  type SelectContext,
  type ShareContext,
  type SlotScores,
  scoredPolicy,
  selectBest,
  shareEvenly,
} from './policy/scored-policy.ts'
export { triggersOf, type WhenOptions } from './policy/when.ts'
export { expectedAttentionScores, meanRotation, rotateStatistics } from './scorers/expected-attention.ts'
export { curScores, type HeadRows, keyDifferenceScores, keyNormScores, rowNorms } from './scorers/key-scores.ts'
export { type LagOptions, lagScores } from './scorers/lag-scores.ts'
export { checkPooling, type Pooling, poolScores } from './scorers/pool-scores.ts'
export { topChunks } from './selectors/top-chunks.ts'
export { complement, topSlots } from './selectors/top-slots.ts'
