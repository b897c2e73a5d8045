/** @file Embedding models of the AI SDK as plain types (`@ai-sdk/provider`, versions 2 to 4 of the specification). */
import type { JsonObject } from '../capability/json-value.ts'
import type { AiSdkSpecificationVersion, AiSdkWrittenWarning } from './model-specification.ts'

/** The options of an embedding call, as lc writes them. */
export interface AiSdkWrittenEmbeddingCall {
  values: string[]
  abortSignal?: AbortSignal
  providerOptions?: Record<string, JsonObject>
}

/** Any embedding model of the AI SDK, of version 2, 3 or 4 of its specification. */
export interface AiSdkEmbeddingModel {
  readonly specificationVersion: AiSdkSpecificationVersion
  readonly provider: string
  readonly modelId: string
  readonly maxEmbeddingsPerCall: number | undefined | PromiseLike<number | undefined>
  readonly supportsParallelCalls: boolean | PromiseLike<boolean>
  doEmbed(options: AiSdkWrittenEmbeddingCall): PromiseLike<{ readonly embeddings: readonly (readonly number[])[] }>
}

/** The options of an embedding call, as they come from the AI SDK. */
export interface AiSdkEmbeddingCall {
  readonly values: readonly string[]
  readonly abortSignal?: AbortSignal | undefined
  readonly providerOptions?: { readonly [provider: string]: unknown } | undefined
  /** Version 4. */
  readonly dimensions?: number | undefined
}

/** An embedder of lc as the AI SDK takes it. */
export interface AiSdkEmbedderOfLc<Version extends 'v3' | 'v4' = 'v3'> {
  readonly specificationVersion: Version
  readonly provider: string
  readonly modelId: string
  readonly maxEmbeddingsPerCall: number | undefined
  readonly supportsParallelCalls: boolean
  doEmbed(options: AiSdkEmbeddingCall): Promise<{ embeddings: number[][]; warnings: AiSdkWrittenWarning[] }>
}
