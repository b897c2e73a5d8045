/** Speculative decoding: a drafter guesses tokens, the model checks many in one run. @module */
export {
  type AcceptInput,
  type AcceptRule,
  movedTarget,
  type RapidRuleOptions,
  rapidSampling,
  speculativeSampling,
} from './speculation/accept-rules.ts'
export { type DraftModelOptions, draftModel, draftModelDefaults } from './speculation/draft-model.ts'
export type { Draft, Drafter, DraftRun, DraftStart } from './speculation/drafter.ts'
export { type PromptLookupOptions, promptLookup, promptLookupDefaults } from './speculation/prompt-lookup.ts'
export { type RapidOptions, rapid, rapidDefaults } from './speculation/rapid.ts'
export {
  type SelfSpeculationOptions,
  selfSpeculation,
  selfSpeculationDefaults,
} from './speculation/self-speculation.ts'
export type { SpeculationReport } from './speculation/speculative-steps.ts'
export {
  type SpeculativeModel,
  type SpeculativePart,
  type SpeculativeResult,
  withSpeculation,
} from './speculation/with-speculation.ts'
