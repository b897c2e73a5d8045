import type { AiSdkPromptMessage } from './prompt-specification.ts'

/** What the middleware reads of a call; all else passes through unchanged. */
export interface MiddlewareCall {
  readonly prompt: readonly AiSdkPromptMessage[]
  readonly abortSignal?: AbortSignal | undefined
}

/** A middleware of the AI SDK that rewrites the prompt, for `wrapLanguageModel`. */
export interface ContextMiddleware<Version extends 'v3' | 'v4' = 'v3'> {
  readonly specificationVersion: Version
  /** Resolves to the call with another prompt. */
  transformParams<Call extends MiddlewareCall>(options: { params: Call }): Promise<Call>
}
