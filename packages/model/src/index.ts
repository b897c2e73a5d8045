/** The shared model interface of lc: capabilities, passages, stages, budgets. @module */
export { countTokens } from './budget/count-tokens.ts'
export { type EstimateTokenizerOptions, estimateTokenizer } from './budget/estimate-tokenizer.ts'
export { type FitBudgetOptions, type FitBudgetResult, fitBudget } from './budget/fit-budget.ts'
export { type FitPassagesOptions, type FitPassagesResult, fitPassages } from './budget/fit-passages.ts'
export type { TokenBudget } from './budget/token-budget.ts'
export { type TruncateToTokensOptions, truncateToTokens } from './budget/truncate-to-tokens.ts'
export type { Attender, AttendRequest, AttendResult, TokenRange } from './capability/attender.ts'
export type { CallOptions } from './capability/call-options.ts'
export type { Embedder, EmbedOptions } from './capability/embedder.ts'
export type { JsonObject, JsonValue } from './capability/json-value.ts'
export type {
  CacheUse,
  Choice,
  FinishReason,
  GenerateRequest,
  GenerateResult,
  LanguageModel,
  StreamPart,
  TokenLogprob,
  Usage,
} from './capability/language-model.ts'
export type { Message, ToolCall, ToolDefinition } from './capability/message.ts'
export type { ProgressEvent } from './capability/progress-event.ts'
export { type Capabilities, hasCapability, requireCapability } from './capability/require-capability.ts'
export type { Reranker } from './capability/reranker.ts'
export type {
  Accuracy,
  PreparedContext,
  PrepareOptions,
  ScoreOptions,
  ScoreRequest,
  ScoreResult,
  Scorer,
  TextOrIds,
} from './capability/scorer.ts'
export type { ClassifyOptions, TokenClassification, TokenClassifier } from './capability/token-classifier.ts'
export type { DecodeOptions, EncodeOptions, Encoding, Tokenizer } from './capability/tokenizer.ts'
export {
  type JoinedPassages,
  type JoinPassagesOptions,
  joinPassages,
  type PassagePlace,
  type TracedSpan,
  traceSpan,
} from './passage/join-passages.ts'
export { type MakePassageOptions, makePassage } from './passage/make-passage.ts'
export type { Passage, Source } from './passage/passage.ts'
export { renderPassages } from './passage/render-passages.ts'
export { type SlicePassageOptions, slicePassage } from './passage/slice-passage.ts'
export { contentHash } from './resume/content-hash.ts'
export type { Journal } from './resume/journal.ts'
export { memoryJournal } from './resume/memory-journal.ts'
export { branch, passThrough } from './stage/branch.ts'
export type { Answer, ContextState, StageReport } from './stage/context-state.ts'
export { type CreateRunContextOptions, createRunContext } from './stage/create-run-context.ts'
export { defineStage } from './stage/define-stage.ts'
export { parallel, type StageInput, type StageOutputs } from './stage/parallel.ts'
export { pipe } from './stage/pipe.ts'
export type { RunContext } from './stage/run-context.ts'
export type { RunEvent } from './stage/run-event.ts'
export { seededRandom } from './stage/seeded-random.ts'
export type { Stage } from './stage/stage.ts'
export type { Span } from './text/span.ts'
export type { SpanLink } from './text/span-link.ts'
