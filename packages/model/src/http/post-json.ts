/** @file JSON in, JSON out, and the opening of an event stream, over `sendRequest`. */
import { ApiCallError } from '../errors/api-call-error.ts'
import type { Deadline } from './deadline.ts'
import type { HttpCall, HttpClient } from './http-client.ts'
import { networkError, sendRequest } from './http-client.ts'
import { readText } from './read-body.ts'
import { publicUrl, redactedCause } from './redact.ts'

/** A call without the parts that follow from its kind. */
export interface JsonCall {
  url: string
  /** Sent as JSON by POST; without it the call is a GET. */
  body?: unknown
  deadline: Deadline
}

/**
 * Sends JSON and reads a JSON object.
 *
 * @throws `ApiCallError` for faults, statuses, other content types, malformed or too large bodies; the reason of the
 * deadline's signal.
 */
export function requestJson(client: HttpClient, call: JsonCall): Promise<Record<string, unknown>> {
  const full = completeCall(call, 'application/json')
  return sendRequest(client, full, (response) => readJson(client, full, response))
}

/** Opens an event stream; the body is the caller's to read or cancel. Nothing is retried after this returns. */
export function openEventStream(client: HttpClient, call: JsonCall): Promise<ReadableStream<Uint8Array>> {
  const full = completeCall(call, 'text/event-stream')
  return sendRequest(client, full, async (response) => {
    const type = contentType(response)
    if (type === 'text/event-stream' && response.body) return response.body
    await response.body?.cancel().catch(() => undefined)
    throw answerError(client, full, `answered ${type || 'no content type'} instead of text/event-stream`)
  })
}

function completeCall(call: JsonCall, accept: HttpCall['accept']): HttpCall {
  return { ...call, method: call.body === undefined ? 'GET' : 'POST', accept }
}

async function readJson(client: HttpClient, call: HttpCall, response: Response): Promise<Record<string, unknown>> {
  const type = contentType(response)
  if (type !== 'application/json' && !type.endsWith('+json')) {
    const { text } = await readText(response, 4096, call.deadline.signal)
    throw answerError(client, call, `answered ${type || 'no content type'} instead of application/json`, text)
  }
  const { text, complete } = await readText(response, client.maxResponseBytes, call.deadline.signal).catch((error) => {
    if (call.deadline.signal.aborted) throw call.deadline.signal.reason
    throw networkError(client, call, error)
  })
  if (!complete) throw answerError(client, call, `answered more than ${client.maxResponseBytes} bytes`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw answerError(client, call, 'answered malformed JSON', text, error)
  }
  if (typeof value !== 'object' || value === null) throw answerError(client, call, 'answered no JSON object', text)
  return value as Record<string, unknown>
}

function answerError(
  client: HttpClient,
  call: HttpCall,
  problem: string,
  text?: string,
  cause?: unknown,
): ApiCallError {
  return new ApiCallError({
    endpoint: client.redact(publicUrl(call.url)),
    retryable: false,
    problem,
    cause: redactedCause(cause, client.redact),
    ...(text === undefined ? {} : { body: client.redact(text).slice(0, 2_000) }),
  })
}

function contentType(response: Response): string {
  return (response.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}
