import type { Embedder } from '../capability/embedder.ts'
import type { LanguageModel } from '../capability/language-model.ts'
import type { Scorer } from '../capability/scorer.ts'
import type { Tokenizer } from '../capability/tokenizer.ts'
import { checkArgument, checkInteger } from '../check/check-argument.ts'

/** What is served under a name. */
export interface ServedModel {
  /** For chats and completions. */
  languageModel?: LanguageModel
  /** For `echo` with `logprobs` and for `prompt_logprobs`. */
  scorer?: Scorer
  embedder?: Embedder
  /** For `/tokenize` and prompts of ids. Defaults to that of the language model or the scorer. */
  tokenizer?: Tokenizer
}

/** What one request, and all together, may take. */
export interface ServerLimits {
  /** The largest request body in bytes. Defaults to 16,777,216. */
  bodyBytes: number
  /** Requests that run at once. Defaults to 4. */
  concurrentRequests: number
  /** Requests that wait; more are answered with 429. Defaults to 256. */
  waitingRequests: number
  /** Tokens of one answer. Defaults to 4,096. */
  completionTokens: number
  /** Prompts or texts of one request. Defaults to 2,048. */
  inputs: number
  /** Answers to one prompt. Defaults to 16. */
  choices: number
  /** Milliseconds for a request, waiting included. Defaults to 600,000. */
  requestMs: number
}

/** The limits of servers that name none. */
export const serverLimitDefaults: Readonly<ServerLimits> = Object.freeze({
  bodyBytes: 16_777_216,
  concurrentRequests: 4,
  waitingRequests: 256,
  completionTokens: 4_096,
  inputs: 2_048,
  choices: 16,
  requestMs: 600_000,
})

/** What is served, to whom, and how much of it. */
export interface OpenaiServerOptions {
  /** By the name that requests give. */
  models: Readonly<Record<string, ServedModel>>
  limits?: Partial<ServerLimits>
  /** When given, requests must carry one of them as a bearer token. */
  apiKeys?: readonly string[]
  /** Web pages that may call, as origins (`https://app.example`), or `'*'`. Defaults to none: other pages are refused. */
  allowedOrigins?: readonly string[] | '*'
  /** The temperature of requests that give none. Defaults to 1, as the protocol says. */
  temperature?: number
  /** Hears faults that clients only see as "internal error". */
  onError?: (error: unknown) => void
  /** Milliseconds that `close` leaves to requests under way before it stops them. Defaults to 5,000. */
  drainMs?: number
}

/** Fills in defaults and checks. */
export function resolveLimits(options: OpenaiServerOptions): ServerLimits {
  const names = Object.keys(options.models)
  checkArgument(names.length > 0, 'models', options.models, 'at least one model')
  for (const [name, model] of Object.entries(options.models))
    checkArgument(
      model.languageModel !== undefined || model.scorer !== undefined || model.embedder !== undefined,
      `models[${JSON.stringify(name)}]`,
      model,
      'a languageModel, a scorer or an embedder',
    )
  const limits = { ...serverLimitDefaults, ...options.limits }
  for (const name of Object.keys(serverLimitDefaults) as (keyof ServerLimits)[])
    checkInteger(limits[name], `limits.${name}`, { min: name === 'waitingRequests' ? 0 : 1 })
  return limits
}

/** The tokenizer of a served model. */
export function tokenizerOf(model: ServedModel): Tokenizer | undefined {
  return model.tokenizer ?? model.languageModel?.tokenizer ?? model.scorer?.tokenizer
}

/** Prompt plus output in tokens; undefined when no part of the model knows. */
export function contextLengthOf(model: ServedModel): number | undefined {
  const length = model.languageModel?.contextLength ?? model.scorer?.contextLength
  return length !== undefined && Number.isFinite(length) ? length : undefined
}
