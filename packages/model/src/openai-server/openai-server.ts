/** @file Models of lc behind the OpenAI protocol, as a function from `Request` to `Response`: any host can carry it. */

import { sleep } from '../abort/sleep.ts'
import { DisposedError } from '../errors/disposed-error.ts'
import type { Deadline } from '../http/deadline.ts'
import { startDeadline } from '../http/deadline.ts'
import { chatEndpoint } from './chat-endpoint.ts'
import { completionEndpoint } from './completion-endpoint.ts'
import { embeddingsEndpoint } from './embeddings-endpoint.ts'
import type { WireError } from './error-response.ts'
import { badRequest, describeError, errorResponse } from './error-response.ts'
import { eventStreamResponse } from './event-stream-response.ts'
import { FairQueue } from './fair-queue.ts'
import { readRequestBody } from './read-request-body.ts'
import { RequestFields } from './request-fields.ts'
import type { EndpointAnswer, ServedRequest } from './served-request.ts'
import type { OpenaiServerOptions, ServedModel, ServerLimits } from './server-options.ts'
import { contextLengthOf, resolveLimits } from './server-options.ts'
import { detokenizeEndpoint, tokenizeEndpoint } from './tokenize-endpoints.ts'
import { createdNow } from './wire-answer.ts'

/** Who sends a request, as the host knows it. */
export interface ClientConnection {
  /** Equal for the requests of one client. Clients with an API key are told apart by it instead. */
  client: string
}

/** A server without a socket. */
export interface OpenaiServer {
  /** Answers one request. Never rejects. */
  handle(request: Request, connection?: ClientConnection): Promise<Response>
  /** Takes no more requests, waits for those under way, stops what takes too long. Does not close the models. */
  close(): Promise<void>
  readonly closed: boolean
}

type Endpoint = (served: ServedRequest) => Promise<EndpointAnswer>

const endpoints: ReadonlyMap<string, Endpoint> = new Map([
  ['/v1/chat/completions', chatEndpoint],
  ['/v1/completions', completionEndpoint],
  ['/v1/embeddings', embeddingsEndpoint],
  ['/tokenize', tokenizeEndpoint],
  ['/detokenize', detokenizeEndpoint],
])

/**
 * Serves models with the OpenAI protocol: `/v1/models`, `/v1/chat/completions`, `/v1/completions`, `/v1/embeddings`,
 * `/tokenize`, `/detokenize`, `/health`.
 *
 * @example
 * ```ts
 * import { openaiServer } from '@lc/model/openai-server'
 * import type { LanguageModel } from '@lc/model'
 *
 * function serve(languageModel: LanguageModel): (request: Request) => Promise<Response> {
 *   const server = openaiServer({ models: { small: { languageModel } } })
 *   return (request) => server.handle(request)
 * }
 * ```
 */
export function openaiServer(options: OpenaiServerOptions): OpenaiServer {
  return new FetchServer(options)
}

class FetchServer implements OpenaiServer {
  readonly #options: OpenaiServerOptions
  readonly #limits: ServerLimits
  readonly #queue: FairQueue
  /** Requests under way, each with its own signal: listeners on a common one would pile up. */
  readonly #active = new Set<Deadline>()
  readonly #created = createdNow()
  #closing: Promise<void> | undefined

  constructor(options: OpenaiServerOptions) {
    this.#limits = resolveLimits(options)
    this.#options = options
    this.#queue = new FairQueue(this.#limits.concurrentRequests, this.#limits.waitingRequests)
  }

  get closed(): boolean {
    return this.#closing !== undefined
  }

  async handle(request: Request, connection: ClientConnection = { client: 'anonymous' }): Promise<Response> {
    const origin = request.headers.get('origin')
    let response: Response
    try {
      const refused = this.#checkOrigin(origin) ?? (await this.#route(request, connection))
      response = refused instanceof Response ? refused : errorResponse(refused)
    } catch (error) {
      response = errorResponse(this.#describe(error))
    }
    if (origin !== null && this.#allows(origin)) {
      response.headers.set('access-control-allow-origin', origin)
      response.headers.set('vary', 'origin')
    }
    return response
  }

  close(): Promise<void> {
    this.#closing ??= this.#drain()
    return this.#closing
  }

  async #drain(): Promise<void> {
    this.#queue.close()
    const timer = new AbortController()
    const drained = this.#queue.drained()
    const limit = sleep(this.#options.drainMs ?? 5_000, timer.signal).catch(() => undefined)
    await Promise.race([drained, limit])
    timer.abort()
    for (const deadline of this.#active) deadline.abort(new DisposedError({ what: 'the server' }))
    await drained
  }

  #describe(error: unknown): WireError {
    return describeError(error, (fault) => this.#options.onError?.(fault))
  }

  #allows(origin: string): boolean {
    const { allowedOrigins = [] } = this.#options
    return allowedOrigins === '*' || allowedOrigins.includes(origin)
  }

  /** A page of another site must not use a local server behind the user's back. */
  #checkOrigin(origin: string | null): WireError | undefined {
    if (origin === null || this.#allows(origin)) return undefined
    return {
      status: 403,
      message: 'this origin is not allowed',
      type: 'invalid_request_error',
      code: 'origin_not_allowed',
    }
  }

  async #route(request: Request, connection: ClientConnection): Promise<Response | WireError> {
    const path = new URL(request.url).pathname.replace(/(.)\/+$/, '$1')
    if (request.method === 'OPTIONS') return preflight()
    if (path === '/health' || path === '/v1/health') return Response.json({ status: this.closed ? 'closing' : 'ok' })
    const key = bearerToken(request)
    if (!this.#knows(key))
      return {
        status: 401,
        message: 'the API key is missing or wrong',
        type: 'authentication_error',
        code: 'invalid_api_key',
      }
    if (path === '/v1/models' || path.startsWith('/v1/models/')) return this.#models(request, path)
    const endpoint = endpoints.get(path)
    if (!endpoint) return { status: 404, message: 'no such endpoint', type: 'invalid_request_error', code: 'not_found' }
    if (request.method !== 'POST') return methodNotAllowed('POST')
    const client = key !== undefined ? `key ${key}` : `connection ${connection.client}`
    return this.#serve(endpoint, request, client)
  }

  #knows(key: string | undefined): boolean {
    const { apiKeys } = this.#options
    if (!apiKeys) return true
    let known = false
    // all keys, to the end: the time tells nothing
    for (const candidate of apiKeys) known = sameText(candidate, key ?? '') || known
    return known
  }

  #models(request: Request, path: string): Response | WireError {
    if (request.method !== 'GET' && request.method !== 'HEAD') return methodNotAllowed('GET')
    const describe = ([id, model]: [string, ServedModel]) => ({
      id,
      object: 'model',
      created: this.#created,
      owned_by: 'lc',
      max_model_len: contextLengthOf(model) ?? null,
    })
    const entries = Object.entries(this.#options.models)
    if (path === '/v1/models') return Response.json({ object: 'list', data: entries.map(describe) })
    const id = decodeName(path.slice('/v1/models/'.length))
    const entry = entries.find(([name]) => name === id)
    return entry ? Response.json(describe(entry)) : unknownModel(id)
  }

  async #serve(endpoint: Endpoint, request: Request, client: string): Promise<Response | WireError> {
    if (this.closed) return this.#describe(new DisposedError({ what: 'the server' }))
    if (this.#queue.full) return busy()
    const deadline = startDeadline('the request', this.#limits.requestMs, request.signal)
    this.#active.add(deadline)
    let release = () => {}
    const finished = once(() => {
      release()
      deadline.release()
      this.#active.delete(deadline)
    })
    try {
      const read = await readRequestBody(request, this.#limits.bodyBytes, deadline.signal)
      const found = read.ok ? this.#findModel(read.body) : read.error
      if (!read.ok || 'status' in found || this.#queue.full) {
        finished()
        return 'status' in found ? found : busy()
      }
      release = await this.#queue.acquire(client, deadline.signal)
      return await this.#answer(endpoint, { ...found, fields: new RequestFields(read.body) }, deadline, finished)
    } catch (error) {
      finished()
      // nobody reads it
      if (request.signal.aborted) return { status: 499, message: 'the client has left', type: 'client_closed_request' }
      throw error
    }
  }

  async #answer(
    endpoint: Endpoint,
    found: Pick<ServedRequest, 'name' | 'model' | 'fields'>,
    deadline: Deadline,
    finished: () => void,
  ): Promise<Response> {
    const { signal } = deadline
    // the name of the model has been read
    found.fields.any('model')
    const answer = await endpoint({ ...found, limits: this.#limits, options: this.#options, signal })
    if ('json' in answer) {
      finished()
      return Response.json(answer.json)
    }
    return eventStreamResponse(answer.events, (error) => this.#describe(error), finished)
  }

  /** The model that a body names; a server of one model also answers bodies that name none. */
  #findModel(body: Record<string, unknown>): { name: string; model: ServedModel } | WireError {
    const name = body.model ?? undefined
    const names = Object.keys(this.#options.models)
    const [only] = names
    if (name === undefined && names.length === 1 && only !== undefined)
      return { name: only, model: this.#options.models[only]! }
    if (typeof name !== 'string') return badRequest('model must be the name of a served model', 'model')
    const model = Object.hasOwn(this.#options.models, name) ? this.#options.models[name] : undefined
    return model ? { name, model } : unknownModel(name)
  }
}

function preflight(): Response {
  const headers = {
    'access-control-allow-methods': 'GET, POST, OPTIONS',
    'access-control-allow-headers': 'authorization, content-type',
    'access-control-max-age': '600',
  }
  return new Response(null, { status: 204, headers })
}

function unknownModel(name: string): WireError {
  const message = `the model ${JSON.stringify(name.slice(0, 80))} is not served here`
  return { status: 404, message, type: 'invalid_request_error', param: 'model', code: 'model_not_found' }
}

function methodNotAllowed(allowed: string): WireError {
  return { status: 405, message: `use ${allowed}`, type: 'invalid_request_error', code: 'method_not_allowed' }
}

function busy(): WireError {
  const message = 'too many requests are waiting; try again later'
  return { status: 429, message, type: 'rate_limit_error', code: 'queue_full', retryAfterSeconds: 1 }
}

function bearerToken(request: Request): string | undefined {
  return /^bearer (.+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]?.trim()
}

/** Compares without telling by the time where the first difference is. */
function sameText(a: string, b: string): boolean {
  let difference = a.length ^ b.length
  for (let index = 0; index < a.length; index++) difference |= a.charCodeAt(index) ^ (b.charCodeAt(index) || 0)
  return difference === 0
}

function decodeName(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function once(work: () => void): () => void {
  let done = false
  return () => {
    if (done) return
    done = true
    work()
  }
}
