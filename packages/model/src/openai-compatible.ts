/**
 * Servers that speak the OpenAI protocol as models of lc: chat, completions, streams, embeddings, and scores where the
 * server's prompt log-probabilities agree with its own generation. @module
 */

export type { Fetch } from './http/http-client.ts'
export type { RetryPolicy } from './http/retry-policy.ts'
export { retryDefaults } from './http/retry-policy.ts'
export type { CallLimits } from './openai/connection.ts'
export type { OpenaiEmbedderOptions } from './openai/openai-embedder.ts'
export type { OpenaiCompatibleModel } from './openai/openai-model.ts'
export { openaiCompatible } from './openai/openai-model.ts'
export type { OpenaiScorerOptions } from './openai/openai-scorer.ts'
export type { OpenaiCompatibleOptions } from './openai/options.ts'
export { openaiCompatibleDefaults } from './openai/options.ts'
export type { ServerDescription, ServerDialect } from './openai/server-dialect.ts'
