/** @file One server: its address, headers, secrets, dialect, and the small differences that are learnt while talking. */
import { ApiCallError } from '../errors/api-call-error.ts'
import { InvalidArgumentError } from '../errors/invalid-argument-error.ts'
import type { Deadline } from '../http/deadline.ts'
import { startDeadline } from '../http/deadline.ts'
import type { Fetch, HttpClient } from '../http/http-client.ts'
import { openEventStream, requestJson } from '../http/post-json.ts'
import { createRedactor } from '../http/redact.ts'
import { translateApiError } from './api-error.ts'
import type { OpenaiCompatibleOptions } from './options.ts'
import { checkOptions, openaiCompatibleDefaults, resolveRetries } from './options.ts'
import type { DialectTraits, ServerDescription } from './server-dialect.ts'
import { describeServer, dialectTraits } from './server-dialect.ts'

/** A JSON body on its way to a server. */
export type RequestBody = Record<string, unknown>

/** The parts of the protocol in which servers differ and that can be replaced without changing the meaning. */
interface Habits {
  maxTokensField: 'max_tokens' | 'max_completion_tokens'
  streamOptions: boolean
}

/** What is done over a connection may be stopped and has a time limit. */
export interface CallLimits {
  signal?: AbortSignal | undefined
  timeoutMs?: number | undefined
}

/** A connection holds no socket: it is an address and what is known about the server behind it. */
export class Connection {
  readonly model: string
  readonly concurrency: number
  readonly #client: HttpClient
  readonly #baseUrl: string
  readonly #rootUrl: string
  readonly #timeoutMs: number
  readonly #dialectOption: NonNullable<OpenaiCompatibleOptions['dialect']>
  readonly #habits: Habits
  #description: ServerDescription | undefined
  #contextLength: number | undefined

  constructor(options: OpenaiCompatibleOptions) {
    checkOptions(options)
    this.model = options.model
    this.concurrency = options.concurrency ?? openaiCompatibleDefaults.concurrency
    this.#baseUrl = options.baseUrl.replace(/\/+$/, '')
    this.#rootUrl = this.#baseUrl.replace(/\/v1$/, '')
    this.#timeoutMs = options.timeoutMs ?? openaiCompatibleDefaults.timeoutMs
    this.#dialectOption = options.dialect ?? openaiCompatibleDefaults.dialect
    this.#contextLength = options.contextLength
    this.#habits = {
      maxTokensField: 'max_tokens',
      streamOptions: this.#dialectOption === 'auto' || dialectTraits[this.#dialectOption].streamOptions,
    }
    const headers: Record<string, string> = {}
    for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = value
    if (options.apiKey !== undefined) headers.authorization = `Bearer ${options.apiKey}`
    const globalFetch: Fetch = (url, init) => fetch(url, init)
    this.#client = {
      fetch: options.fetch ?? globalFetch,
      headers: checkHeaders(headers),
      redact: createRedactor([options.apiKey, ...Object.values(options.headers ?? {}).flatMap(secretParts)]),
      retry: resolveRetries(options.retries),
      maxResponseBytes: options.maxResponseBytes ?? openaiCompatibleDefaults.maxResponseBytes,
      random: options.random ?? Math.random,
    }
  }

  /** Tokens of prompt plus output, as given or as the server said; the largest safe integer while neither is known. */
  get contextLength(): number {
    return this.#contextLength ?? Number.MAX_SAFE_INTEGER
  }

  redact(text: string): string {
    return this.#client.redact(text)
  }

  /** Asks the server who it is; the answer is kept, a failure is not. */
  async describe(limits: CallLimits): Promise<ServerDescription> {
    if (this.#description) return this.#description
    return this.#withDeadline('asking the server for its models', limits, async (deadline) => {
      const body = await requestJson(this.#client, { url: `${this.#baseUrl}/models`, deadline })
      this.#description = describeServer(body, this.model)
      this.#contextLength ??= this.#description.contextLength
      return this.#description
    })
  }

  /** The names of this server's extensions; asks the server only when the dialect is `'auto'`. */
  async traits(limits: CallLimits): Promise<DialectTraits> {
    if (this.#dialectOption !== 'auto') return dialectTraits[this.#dialectOption]
    const { dialect } = await this.describe(limits).catch((error: unknown) => {
      // a server without a list of models, or with a broken one, is as plain as can be
      if (error instanceof ApiCallError && [404, 405, 500, 501].includes(error.status ?? 0))
        return { dialect: 'openai' } as const
      throw error
    })
    return dialectTraits[dialect]
  }

  /** Posts to a path below the base address (`/chat/completions`). */
  post(path: string, body: RequestBody, limits: CallLimits): Promise<Record<string, unknown>> {
    return this.#withDeadline(path, limits, (deadline) =>
      this.#adapting(body, (adapted) =>
        requestJson(this.#client, { url: this.#baseUrl + path, body: adapted, deadline }),
      ),
    )
  }

  /** Posts to a path below the root of the server (`/tokenize`), that is without `/v1`. */
  postToRoot(path: string, body: RequestBody, limits: CallLimits): Promise<Record<string, unknown>> {
    return this.#withDeadline(path, limits, (deadline) =>
      this.#adapting(body, (adapted) =>
        requestJson(this.#client, { url: this.#rootUrl + path, body: adapted, deadline }),
      ),
    )
  }

  /** Opens a stream of events; the deadline is the caller's to release after the last one. */
  async openStream(
    path: string,
    body: RequestBody,
    limits: CallLimits,
  ): Promise<{ stream: ReadableStream<Uint8Array>; deadline: Deadline; endpoint: string }> {
    const deadline = this.#deadline(path, limits)
    try {
      const url = this.#baseUrl + path
      const streaming = { ...body, stream: true, stream_options: { include_usage: true } }
      const stream = await this.#adapting(streaming, (adapted) =>
        openEventStream(this.#client, { url, body: adapted, deadline }),
      )
      return { stream, deadline, endpoint: url }
    } catch (error) {
      deadline.release()
      throw error
    }
  }

  #deadline(operation: string, limits: CallLimits): Deadline {
    return startDeadline(`${this.model}: ${operation}`, limits.timeoutMs ?? this.#timeoutMs, limits.signal)
  }

  async #withDeadline<T>(operation: string, limits: CallLimits, work: (deadline: Deadline) => Promise<T>): Promise<T> {
    const deadline = this.#deadline(operation, limits)
    try {
      deadline.signal.throwIfAborted()
      return await work(deadline)
    } finally {
      deadline.release()
    }
  }

  /** Sends a body; where the server refuses a field that can be replaced, learns it and sends the body once more. */
  async #adapting<T>(body: RequestBody, send: (body: RequestBody) => Promise<T>): Promise<T> {
    for (let learnt = 0; ; learnt++) {
      const adapted = this.#adapt(body)
      try {
        return await send(adapted)
      } catch (error) {
        if (learnt < 2 && error instanceof ApiCallError && this.#learn(error, adapted)) continue
        throw translateApiError(error, this.model, adapted)
      }
    }
  }

  #adapt(body: RequestBody): RequestBody {
    const { max_tokens: maxTokens, stream_options: streamOptions, ...rest } = body
    const adapted: RequestBody = { ...rest }
    if (maxTokens !== undefined) adapted[this.#habits.maxTokensField] = maxTokens
    if (streamOptions !== undefined && this.#habits.streamOptions) adapted.stream_options = streamOptions
    return adapted
  }

  #learn(error: ApiCallError, sent: RequestBody): boolean {
    if (error.status !== 400 && error.status !== 422) return false
    const text = `${error.problem ?? ''} ${error.body ?? ''}`
    if ('stream_options' in sent && text.includes('stream_options')) {
      this.#habits.streamOptions = false
      return true
    }
    if ('max_tokens' in sent && text.includes('max_completion_tokens')) {
      this.#habits.maxTokensField = 'max_completion_tokens'
      return true
    }
    return false
  }
}

/** A header value and its parts: servers repeat `Bearer KEY` without the scheme. */
function secretParts(value: string): string[] {
  return [value, ...value.split(/[\s,;=]+/)]
}

/** The platform's own error for a header that cannot be sent would repeat its value. */
function checkHeaders(headers: Record<string, string>): Record<string, string> {
  for (const [name, value] of Object.entries(headers)) {
    const fits = /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value)
    if (!fits)
      throw new InvalidArgumentError({
        argument: 'headers',
        received: `the header ${/^[\x21-\x7e]+$/.test(name) ? name : 'with a malformed name'}`,
        allowed: 'made of names and values that HTTP can carry',
      })
  }
  return headers
}
