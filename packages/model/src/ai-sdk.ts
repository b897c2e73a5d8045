/** Models of the AI SDK as models of lc, models of lc as models of the AI SDK, and a middleware that runs a stage. @module */
export { type ContextMiddlewareOptions, contextMiddleware } from './ai-sdk-bridge/context-middleware.ts'
export {
  type EmbedderFromAiSdkOptions,
  type EmbedderToAiSdkOptions,
  type EmbeddingKindOptions,
  embedderFromAiSdk,
  embedderToAiSdk,
} from './ai-sdk-bridge/embedders.ts'
export type {
  AiSdkEmbedderOfLc,
  AiSdkEmbeddingCall,
  AiSdkEmbeddingModel,
  AiSdkWrittenEmbeddingCall,
} from './ai-sdk-bridge/embedding-specification.ts'
export { type FromAiSdkOptions, fromAiSdk } from './ai-sdk-bridge/from-ai-sdk.ts'
export type { ContextMiddleware, MiddlewareCall } from './ai-sdk-bridge/middleware-specification.ts'
export type {
  AiSdkCallOptions,
  AiSdkContent,
  AiSdkFinishReason,
  AiSdkGenerateResult,
  AiSdkLanguageModel,
  AiSdkModelOfLc,
  AiSdkProviderMetadata,
  AiSdkSpecificationVersion,
  AiSdkStreamPart,
  AiSdkTokenCounts,
  AiSdkTool,
  AiSdkUsage,
  AiSdkWarning,
  AiSdkWrittenCall,
  AiSdkWrittenContent,
  AiSdkWrittenFinishReason,
  AiSdkWrittenResult,
  AiSdkWrittenStreamPart,
  AiSdkWrittenUsage,
  AiSdkWrittenWarning,
} from './ai-sdk-bridge/model-specification.ts'
export type {
  AiSdkPromptMessage,
  AiSdkPromptPart,
  AiSdkTextPart,
  AiSdkToolCallPart,
  AiSdkToolResultPart,
  AiSdkWrittenMessage,
} from './ai-sdk-bridge/prompt-specification.ts'
export type { LcProviderOptions } from './ai-sdk-bridge/request-of-call.ts'
export { type ToAiSdkOptions, toAiSdk } from './ai-sdk-bridge/to-ai-sdk.ts'
