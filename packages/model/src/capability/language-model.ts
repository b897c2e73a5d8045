import type { CallOptions } from './call-options.ts'
import type { JsonValue } from './json-value.ts'
import type { Message, ToolCall, ToolDefinition } from './message.ts'
import type { Accuracy } from './scorer.ts'
import type { Tokenizer } from './tokenizer.ts'

/** What a model is asked to write, and how. */
export interface GenerateRequest extends CallOptions {
  /** A chat; the model's own template renders it. Exactly one of `messages` and `prompt`. */
  messages?: readonly Message[]
  /** Raw text, continued as it stands. */
  prompt?: string
  /** Defaults to what is left of the context, at most 1024. */
  maxTokens?: number
  /** 0 is greedy. Defaults to 0 for local models. */
  temperature?: number
  topK?: number
  topP?: number
  minP?: number
  /** Divides positive and multiplies negative logits of tokens that occurred in prompt or output. Defaults to 1. */
  repetitionPenalty?: number
  /** Subtracted per occurrence in the output. */
  frequencyPenalty?: number
  /** Subtracted once for tokens that occurred in the output. */
  presencePenalty?: number
  /** Generation ends before any of these strings. */
  stop?: readonly string[]
  seed?: number
  /** The number of answers. Defaults to 1. */
  n?: number
  /** The number of top alternatives reported per token; 0 reports only the chosen token. Missing: no log-probabilities. */
  logprobs?: number
  tools?: readonly ToolDefinition[]
  toolChoice?: 'auto' | 'none' | 'required' | { name: string }
  /** JSON Schema that the output must satisfy. */
  responseSchema?: JsonValue
  /** Continue the last message, which must be the assistant's, instead of opening a new one. */
  continueFinalMessage?: boolean
  /** Requests with the same key share the cache of their common prefix. */
  cacheKey?: string
  /**
   * A key-value cache policy (local models of `@lc/core` only). Models that `withCachePolicy` of `@lc/kv` wraps also take it by name:
   * `{ name: 'snap-kv', budget: 1024 }`.
   */
  policy?: unknown
  /** Local models only. Defaults to `'fast'`. */
  accuracy?: Accuracy
  /** Milliseconds after which the call fails with a `TimeoutError`. Defaults to none for local models, 600,000 for remote ones. */
  timeoutMs?: number
}

/** What a key-value cache policy left of a text's cache when the answer was complete. */
export interface CacheUse {
  policy: string
  /** Tokens that went in, answers apart. */
  tokens: number
  /** Mean slots per layer and key/value head. */
  slots: number
  /** Bytes that the slots take. */
  bytes: number
}

/** Why generation ended. */
export type FinishReason = 'stop' | 'length' | 'tool-calls' | 'content-filter' | 'other'

/** Tokens that a call took. */
export interface Usage {
  promptTokens: number
  completionTokens: number
  /** Prompt tokens that came from a cache. */
  cachedTokens?: number
}

/** A token of an answer with its natural-log probability. */
export interface TokenLogprob {
  token: string
  id?: number
  logprob: number
  top?: { token: string; id?: number; logprob: number }[]
}

/** One answer. */
export interface Choice {
  text: string
  /** Without the end token. */
  ids?: Uint32Array
  logprobs?: TokenLogprob[]
  toolCalls?: ToolCall[]
  finishReason: FinishReason
}

/** The answer of a model, and what it took. */
export interface GenerateResult extends Choice {
  usage: Usage
  /** All answers, when `n` > 1; the fields above are those of the first. */
  choices?: Choice[]
  accuracy?: Accuracy
  /** Under a cache policy: what it left. With several answers that of the prompt alone. */
  cache?: CacheUse
}

/** A piece of a streamed answer. */
export type StreamPart =
  | { type: 'text-delta'; text: string; id?: number; logprob?: TokenLogprob }
  | { type: 'tool-call'; toolCall: ToolCall }
  | { type: 'finish'; finishReason: FinishReason; usage: Usage; accuracy?: Accuracy; cache?: CacheUse }

/** Generates text. What an implementation cannot do throws `UnsupportedCapabilityError`; nothing is silently ignored. */
export interface LanguageModel {
  readonly id: string
  /** Prompt plus output, in tokens. */
  readonly contextLength: number
  readonly tokenizer?: Tokenizer
  generate(request: GenerateRequest): Promise<GenerateResult>
  /** Breaking out of the loop cancels the work. */
  stream(request: GenerateRequest): AsyncIterable<StreamPart>
}
