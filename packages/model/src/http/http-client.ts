/** @file One way to call a server: injected `fetch`, deadline, retries, limits, and errors without secrets. */
import { sleep } from '../abort/sleep.ts'
import { withAbort } from '../abort/with-abort.ts'
import { ApiCallError } from '../errors/api-call-error.ts'
import type { Deadline } from './deadline.ts'

import { readText } from './read-body.ts'
import type { Redact } from './redact.ts'
import { publicUrl, redactedCause } from './redact.ts'
import type { RetryPolicy } from './retry-policy.ts'
import { isRetryableStatus, readRetryAfter, retryDelayMs } from './retry-policy.ts'

/** The part of the global `fetch` that is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** Everything that the calls of one server share. */
export interface HttpClient {
  fetch: Fetch
  /** Sent with every call; names in lower case. */
  headers: Readonly<Record<string, string>>
  redact: Redact
  retry: RetryPolicy
  /** The longest answer that is read, in bytes. */
  maxResponseBytes: number
  random(): number
}

/** One call. */
export interface HttpCall {
  method: 'GET' | 'POST'
  url: string
  /** Sent as JSON. */
  body?: unknown
  /** What the answer must be. */
  accept: 'application/json' | 'text/event-stream'
  deadline: Deadline
}

/** Error bodies are read this far; 2,000 characters of them are kept. */
const errorBodyBytes = 65_536
const keptErrorBody = 2_000

/**
 * Sends a request, and again after passing faults, until `read` has taken the answer or the attempts are used up.
 * What `read` throws as a retryable `ApiCallError` counts as a fault of the attempt.
 *
 * @throws `ApiCallError`; the reason of the deadline's signal.
 */
export async function sendRequest<T>(
  client: HttpClient,
  call: HttpCall,
  read: (response: Response) => Promise<T>,
): Promise<T> {
  const { signal } = call.deadline
  for (let attempt = 0; ; attempt++) {
    signal.throwIfAborted()
    const pauses: { retryAfterMs?: number | undefined } = {}
    try {
      const response = await open(client, call)
      if (!response.ok) {
        pauses.retryAfterMs = readRetryAfter(response.headers, Date.now())
        throw await statusError(client, call, response)
      }
      return await read(response)
    } catch (error) {
      if (signal.aborted) throw signal.reason
      const delay = retryDelayMs(client.retry, attempt, pauses.retryAfterMs, client.random())
      if (!isWorthRetrying(error, client.retry, attempt, delay, call.deadline)) throw error
      await sleep(delay, signal)
    }
  }
}

function isWorthRetrying(error: unknown, policy: RetryPolicy, attempt: number, delay: number, deadline: Deadline) {
  return (
    error instanceof ApiCallError &&
    error.retryable &&
    attempt < policy.retries &&
    delay <= policy.maxRetryAfterMs &&
    delay < deadline.remainingMs()
  )
}

async function open(client: HttpClient, call: HttpCall): Promise<Response> {
  const { signal } = call.deadline
  const headers: Record<string, string> = { ...client.headers, accept: call.accept }
  if (call.body !== undefined) headers['content-type'] = 'application/json'
  const init: RequestInit = { method: call.method, headers, signal, redirect: 'error' }
  if (call.body !== undefined) init.body = JSON.stringify(call.body)
  try {
    return await withAbort(client.fetch(call.url, init), signal, (late) => late.body?.cancel().catch(() => undefined))
  } catch (error) {
    if (signal.aborted) throw signal.reason
    throw networkError(client, call, error)
  }
}

/** A fault below HTTP, as an error of ours. Invalid headers and URLs are not worth another try. */
export function networkError(client: HttpClient, call: HttpCall, error: unknown): ApiCallError {
  const cause = error instanceof Error ? error.cause : undefined
  const detail =
    cause instanceof Error && cause.message ? cause.message : error instanceof Error ? error.message : String(error)
  const isFault = cause !== undefined || !/header|parse url|invalid url|credentials/i.test(detail)
  const impatient = /^UND_ERR_(HEADERS|BODY)_TIMEOUT$/.test(String((cause as { code?: unknown } | undefined)?.code))
  return new ApiCallError({
    endpoint: client.redact(publicUrl(call.url)),
    // what took the platform too long once will do so again
    retryable: isFault && !impatient && !/redirect/i.test(detail),
    problem: client.redact(impatient ? `${detail}: ${patience}` : detail).slice(0, 300),
    cause: redactedCause(error, client.redact),
  })
}

/** Node's own fetch waits 300 s for headers and between pieces, and has no option for it. */
const patience = "the fetch of this platform waits no longer; stream, or pass fetch: patientFetch of '@lc/model/node'"

async function statusError(client: HttpClient, call: HttpCall, response: Response): Promise<ApiCallError> {
  const { text, complete } = await readText(response, errorBodyBytes, call.deadline.signal).catch((error: unknown) => {
    if (call.deadline.signal.aborted) throw call.deadline.signal.reason
    return { text: `(the body could not be read: ${error instanceof Error ? error.name : 'fault'})`, complete: true }
  })
  // a body cut at the limit may end in the first part of a secret
  const body = client.redact(complete ? text : text.slice(0, errorBodyBytes >> 1)).slice(0, keptErrorBody)
  return new ApiCallError({
    endpoint: client.redact(publicUrl(call.url)),
    status: response.status,
    retryable: isRetryableStatus(response.status),
    body,
    problem: errorMessage(client.redact(text)) ?? client.redact(response.statusText),
  })
}

/** The message in the error bodies of OpenAI, vLLM, SGLang, llama.cpp, FastAPI; undefined when there is none. */
export function errorMessage(body: string): string | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return undefined
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined
  const { error, detail, message } = parsed as Record<string, unknown>
  for (const candidate of [(error as { message?: unknown } | null | undefined)?.message, error, message, detail]) {
    if (typeof candidate === 'string' && candidate !== '') return candidate.slice(0, 300)
    if (Array.isArray(candidate)) return JSON.stringify(candidate).slice(0, 300)
  }
  return undefined
}
