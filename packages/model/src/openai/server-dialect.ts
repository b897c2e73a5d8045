/**
 * @file What the servers that speak the OpenAI protocol call the things that the protocol does not know, and which of
 * them they know. From the request models of vLLM 0.10 to 0.15, SGLang 0.5, llama.cpp's server, llama-cpp-python 0.3
 * and `transformers serve` 5.
 */
import type { JsonObject } from '../capability/json-value.ts'

/** A server whose extensions are known. `'openai'` knows none. */
export type ServerDialect = 'openai' | 'vllm' | 'sglang' | 'llama-cpp' | 'llama-cpp-python' | 'transformers' | 'lc'

export const serverDialects = [
  'openai',
  'vllm',
  'sglang',
  'llama-cpp',
  'llama-cpp-python',
  'transformers',
  'lc',
] as const satisfies readonly ServerDialect[]

/** How the log-probabilities of a prompt are asked for. */
export type PromptLogprobsForm = 'prompt-logprobs' | 'generate' | 'echo'

/** One server's names; what is missing cannot be asked for. */
export interface DialectTraits {
  topK?: string
  /** The value of top-k that means all tokens. */
  allTokens: number
  minP?: string
  repetitionPenalty?: string
  /** Fields that make the server continue the last message. */
  continueFinalMessage?: JsonObject
  /** How an answer is bound to a schema. */
  schema?: 'json_schema' | 'json_object'
  /** Whether completions (not only chats) take `response_format`. */
  completionSchema: boolean
  /** Whether `stream_options` is accepted. */
  streamOptions: boolean
  /** Whether frequency and presence penalties mean what they mean at OpenAI. */
  penalties: boolean
  /** Whether `n`, `logprobs` and `seed` are accepted. */
  choices: boolean
  logprobs: boolean
  /** The field of a key for prefix reuse; servers without one reuse prefixes on their own. */
  cacheKey?: string
  /** The field that chooses between fast and exact arithmetic. */
  accuracy?: string
  /** Whether a completion of no tokens can be asked for, to have only the prompt scored. */
  emptyCompletion: boolean
  /** Forms to try, best first. */
  promptLogprobs: readonly PromptLogprobsForm[]
  /** The paths of the tokenizer below the root of the server. */
  tokenizer?: { encode: string; decode: string }
}

const unbound = {
  allTokens: -1,
  completionSchema: false,
  streamOptions: true,
  penalties: true,
  choices: true,
  logprobs: true,
  emptyCompletion: false,
  promptLogprobs: ['prompt-logprobs', 'echo'],
} as const satisfies DialectTraits
const plain = { ...unbound, schema: 'json_schema' } as const satisfies DialectTraits
const sampling = { topK: 'top_k', minP: 'min_p', repetitionPenalty: 'repetition_penalty' } as const

/** All dialects. */
export const dialectTraits: Readonly<Record<ServerDialect, DialectTraits>> = {
  openai: { ...plain, cacheKey: 'prompt_cache_key' },
  vllm: {
    ...plain,
    ...sampling,
    continueFinalMessage: { continue_final_message: true, add_generation_prompt: false },
    completionSchema: true,
    promptLogprobs: ['prompt-logprobs'],
    tokenizer: { encode: '/tokenize', decode: '/detokenize' },
  },
  sglang: {
    ...plain,
    ...sampling,
    continueFinalMessage: { continue_final_message: true },
    completionSchema: true,
    promptLogprobs: ['generate'],
    tokenizer: { encode: '/v1/tokenize', decode: '/v1/detokenize' },
  },
  'llama-cpp': {
    ...plain,
    topK: 'top_k',
    allTokens: 0,
    minP: 'min_p',
    repetitionPenalty: 'repeat_penalty',
    // a last message of the assistant is continued without being asked
    continueFinalMessage: {},
    promptLogprobs: ['echo'],
  },
  'llama-cpp-python': {
    ...plain,
    schema: 'json_object',
    topK: 'top_k',
    allTokens: 0,
    minP: 'min_p',
    repetitionPenalty: 'repeat_penalty',
    promptLogprobs: ['echo'],
  },
  // its frequency_penalty sets a repetition penalty
  transformers: {
    ...unbound,
    streamOptions: false,
    penalties: false,
    choices: false,
    logprobs: false,
    promptLogprobs: [],
  },
  lc: {
    ...plain,
    ...sampling,
    continueFinalMessage: { continue_final_message: true, add_generation_prompt: false },
    completionSchema: true,
    cacheKey: 'prompt_cache_key',
    accuracy: 'accuracy',
    emptyCompletion: true,
    promptLogprobs: ['prompt-logprobs'],
    tokenizer: { encode: '/tokenize', decode: '/detokenize' },
  },
}

/** What `/models` tells about a server. */
export interface ServerDescription {
  dialect: ServerDialect
  /** Tokens, where the server says so for the model. */
  contextLength?: number
  models: string[]
}

const owners: Readonly<Record<string, ServerDialect>> = {
  vllm: 'vllm',
  sglang: 'sglang',
  llamacpp: 'llama-cpp',
  me: 'llama-cpp-python',
  lc: 'lc',
}

/** Reads the answer of `/models`: servers sign it in `owned_by`, some give the context length. */
export function describeServer(body: Record<string, unknown>, model: string): ServerDescription {
  const entries = Array.isArray(body.data) ? body.data.filter(isRecord) : []
  const named = entries.find((entry) => entry.id === model)
  const entry = named ?? entries[0]
  const dialect = owners[String(entry?.owned_by ?? '').toLowerCase()] ?? 'openai'
  const meta = isRecord(named?.meta) ? named.meta : undefined
  const length = named?.max_model_len ?? named?.context_length ?? meta?.n_ctx
  return {
    dialect,
    ...(typeof length === 'number' && Number.isSafeInteger(length) && length > 0 ? { contextLength: length } : {}),
    models: entries.flatMap((candidate) => (typeof candidate.id === 'string' ? [candidate.id] : [])),
  }
}

/** Whether a value is an object with string keys. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
