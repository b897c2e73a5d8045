/** The shared model interface of lc: capabilities, passages, stages, budgets. @module */
export type { TokenBudget } from './budget/token-budget.ts'
export type { Attender, AttendRequest, AttendResult, TokenRange } from './capability/attender.ts'
export type { CallOptions } from './capability/call-options.ts'
export type { Embedder, EmbedOptions } from './capability/embedder.ts'
export type { JsonObject, JsonValue } from './capability/json-value.ts'
export type {
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
export type { TokenClassification, TokenClassifier } from './capability/token-classifier.ts'
export type { DecodeOptions, EncodeOptions, Encoding, Tokenizer } from './capability/tokenizer.ts'
export type { Passage, Source, SpanLink } from './passage/passage.ts'
export type { Journal } from './resume/journal.ts'
export type { Answer, ContextState, StageReport } from './stage/context-state.ts'
export type { ProgressEvent } from './capability/progress-event.ts'
export type { RunContext } from './stage/run-context.ts'
export type { RunEvent } from './stage/run-event.ts'
export type { Stage } from './stage/stage.ts'
export type { Span } from './text/span.ts'
