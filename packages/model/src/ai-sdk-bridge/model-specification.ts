/**
 * @file Language models of the AI SDK as plain types (`@ai-sdk/provider`, versions 2 to 4 of the specification). Reading
 * is wide: any of the three fits. Writing is narrow: what lc gives fits 3 and 4.
 */
import type { JsonObject, JsonValue } from '../capability/json-value.ts'
import type { AiSdkPromptMessage, AiSdkWrittenMessage } from './prompt-specification.ts'

/** The versions of the specification that are accepted. */
export type AiSdkSpecificationVersion = 'v2' | 'v3' | 'v4'

/** The options of a call, as they come from the AI SDK. */
export interface AiSdkCallOptions {
  readonly prompt: readonly AiSdkPromptMessage[]
  readonly maxOutputTokens?: number | undefined
  readonly temperature?: number | undefined
  readonly stopSequences?: readonly string[] | undefined
  readonly topP?: number | undefined
  readonly topK?: number | undefined
  readonly presencePenalty?: number | undefined
  readonly frequencyPenalty?: number | undefined
  readonly responseFormat?: { readonly type: 'text' } | { readonly type: 'json'; readonly schema?: unknown } | undefined
  readonly seed?: number | undefined
  readonly tools?: readonly AiSdkTool[] | undefined
  readonly toolChoice?: { readonly type: string; readonly toolName?: string } | undefined
  readonly abortSignal?: AbortSignal | undefined
  readonly providerOptions?: { readonly [provider: string]: unknown } | undefined
  /** Version 4. */
  readonly reasoning?: string | undefined
}

/** A tool in the options of a call: a function, or one that the provider runs. */
export interface AiSdkTool {
  readonly type: string
  readonly name: string
  readonly description?: string | undefined
  readonly inputSchema?: unknown
}

/** The options of a call, as lc writes them. */
export interface AiSdkWrittenCall {
  prompt: AiSdkWrittenMessage[]
  maxOutputTokens?: number
  temperature?: number
  stopSequences?: string[]
  topP?: number
  topK?: number
  presencePenalty?: number
  frequencyPenalty?: number
  responseFormat?: { type: 'json'; schema?: JsonObject }
  seed?: number
  tools?: { type: 'function'; name: string; description?: string; inputSchema: JsonObject }[]
  toolChoice?: { type: 'auto' } | { type: 'none' } | { type: 'required' } | { type: 'tool'; toolName: string }
  abortSignal?: AbortSignal
  headers?: Record<string, string | undefined>
  providerOptions?: Record<string, JsonObject>
}

/** A piece of content in an answer, of any kind. */
export interface AiSdkContent {
  readonly type: string
  readonly text?: string
  readonly toolCallId?: string
  readonly toolName?: string
  /** JSON text. */
  readonly input?: string
}

/** Token counts: flat in version 2, nested from 3 on. Anything may be missing. */
export interface AiSdkUsage {
  readonly inputTokens?: number | AiSdkTokenCounts | undefined
  readonly outputTokens?: number | AiSdkTokenCounts | undefined
  readonly cachedInputTokens?: number | undefined
}

/** The tokens of one side of a call; anything may be missing. */
export interface AiSdkTokenCounts {
  readonly total?: number | undefined
  readonly cacheRead?: number | undefined
}

/** A string in version 2, an object from 3 on. */
export type AiSdkFinishReason = string | { readonly unified: string; readonly raw?: string | undefined }

/** Something in a call that the model does not follow. */
export interface AiSdkWarning {
  readonly type: string
  readonly feature?: string
  /** Version 2: the name of the setting. */
  readonly setting?: unknown
  readonly details?: string
  readonly message?: string
}

/** The answer of a model. */
export interface AiSdkGenerateResult {
  readonly content: readonly AiSdkContent[]
  readonly finishReason: AiSdkFinishReason
  readonly usage: AiSdkUsage
  readonly warnings: readonly AiSdkWarning[]
  /** Version 4: the text to parse when structured output was asked for. */
  readonly structuredOutputText?: string
}

/** A part of a streamed answer, of any kind. */
export interface AiSdkStreamPart {
  readonly type: string
  readonly delta?: string
  readonly toolCallId?: string
  readonly toolName?: string
  readonly input?: string
  readonly error?: unknown
  readonly usage?: AiSdkUsage
  readonly finishReason?: AiSdkFinishReason
  readonly warnings?: readonly AiSdkWarning[]
}

/** Any language model of the AI SDK, of version 2, 3 or 4 of its specification. */
export interface AiSdkLanguageModel {
  readonly specificationVersion: AiSdkSpecificationVersion
  readonly provider: string
  readonly modelId: string
  doGenerate(options: AiSdkWrittenCall): PromiseLike<AiSdkGenerateResult>
  doStream(options: AiSdkWrittenCall): PromiseLike<{ readonly stream: ReadableStream<AiSdkStreamPart> }>
}

/** Usage as lc writes it. */
export interface AiSdkWrittenUsage {
  inputTokens: {
    total: number | undefined
    noCache: number | undefined
    cacheRead: number | undefined
    cacheWrite: number | undefined
  }
  outputTokens: { total: number | undefined; text: number | undefined; reasoning: number | undefined }
}

/** A warning, as lc writes it. */
export type AiSdkWrittenWarning =
  | { type: 'unsupported'; feature: string; details?: string }
  | { type: 'compatibility'; feature: string; details?: string }
  | { type: 'other'; message: string }

/** Why generation ended, as lc writes it. */
export interface AiSdkWrittenFinishReason {
  unified: 'stop' | 'length' | 'content-filter' | 'tool-calls' | 'error' | 'other'
  raw: string | undefined
}

/** A piece of content in an answer, as lc writes it. */
export type AiSdkWrittenContent =
  | { type: 'text'; text: string }
  | { type: 'tool-call'; toolCallId: string; toolName: string; input: string }

/** Data that lc adds to an answer under the key `lc`. */
export type AiSdkProviderMetadata = { lc: { [key: string]: JsonValue } }

/** The answer of a model, as lc writes it. */
export interface AiSdkWrittenResult {
  content: AiSdkWrittenContent[]
  finishReason: AiSdkWrittenFinishReason
  usage: AiSdkWrittenUsage
  warnings: AiSdkWrittenWarning[]
  providerMetadata?: AiSdkProviderMetadata
  response?: { modelId?: string }
}

/** A part of a streamed answer, as lc writes it. */
export type AiSdkWrittenStreamPart =
  | { type: 'stream-start'; warnings: AiSdkWrittenWarning[] }
  | { type: 'response-metadata'; modelId?: string }
  | { type: 'text-start'; id: string }
  | { type: 'text-delta'; id: string; delta: string }
  | { type: 'text-end'; id: string }
  | { type: 'tool-input-start'; id: string; toolName: string }
  | { type: 'tool-input-delta'; id: string; delta: string }
  | { type: 'tool-input-end'; id: string }
  | { type: 'tool-call'; toolCallId: string; toolName: string; input: string }
  | {
      type: 'finish'
      usage: AiSdkWrittenUsage
      finishReason: AiSdkWrittenFinishReason
      providerMetadata?: AiSdkProviderMetadata
    }
  | { type: 'error'; error: unknown }

/** A model of lc as the AI SDK takes it. */
export interface AiSdkModelOfLc<Version extends 'v3' | 'v4' = 'v3'> {
  readonly specificationVersion: Version
  readonly provider: string
  readonly modelId: string
  readonly supportedUrls: Record<string, RegExp[]>
  doGenerate(options: AiSdkCallOptions): Promise<AiSdkWrittenResult>
  doStream(options: AiSdkCallOptions): Promise<{ stream: ReadableStream<AiSdkWrittenStreamPart> }>
}
