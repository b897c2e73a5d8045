/**
 * Attention patterns: which of the cached keys a step attends over, chosen inside the model by its query. Everything stays in the
 * cache; for `loadModel(..., { attention })`.
 * @module
 */
export { type CacheMethod, methodByName, methodNames } from './patterns/method-by-name.ts'
export {
  type NamedPatternOptions,
  type PatternName,
  patternByName,
  patternNames,
} from './patterns/pattern-by-name.ts'
export { type QuestOptions, quest, questDefaults } from './patterns/quest.ts'
