/** The parts that cache policies are composed of: scores, budgets, selections, merges; pure functions over small arrays. @module */
export { adaptiveBudgetsExact, adaptiveBudgetsOfficial } from './budgeters/adaptive.ts'
export { type PyramidOptions, pyramidBudgets } from './budgeters/pyramid.ts'
export {
  compactLadder,
  type LadderOptions,
  type LadderShape,
  type LadderState,
  ladderShape,
  ladderState,
} from './ladder/ladder.ts'
export { gaussianSet, type MergeSet, mergeRows, similarRuns } from './mergers/gaussian-sets.ts'
export { curScores, type HeadRows, keyDifferenceScores, keyNormScores } from './scorers/key-scores.ts'
export { type Pooling, poolScores } from './scorers/pool-scores.ts'
export { topChunks } from './selectors/top-chunks.ts'
export { complement, topSlots } from './selectors/top-slots.ts'
