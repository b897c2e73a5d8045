/**
 * @file `fetch` over `node:http`, without the limits of Node's own one (300 s until the headers, 300 s between pieces):
 * a model on a CPU may read a long prompt for longer.
 */
import type { IncomingMessage } from 'node:http'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'

/** What `patientFetch` takes of the standard options: a text body, headers, a method, a signal. Redirects are errors. */
export interface PatientFetchInit {
  method?: string
  headers?: HeadersInit
  body?: BodyInit | null
  signal?: AbortSignal | null
}

/**
 * Sends a request and waits as long as it takes; limit it by the signal. For `openaiCompatible({ fetch: patientFetch })`.
 *
 * @throws The signal's reason; a `TypeError` with the system's error as its cause, as `fetch` does.
 */
export function patientFetch(url: string, init: PatientFetchInit = {}): Promise<Response> {
  const { method = 'GET', body, signal } = init
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const fail = (error: Error) =>
      reject(signal?.aborted ? signal.reason : new TypeError('fetch failed', { cause: error }))
    if (typeof body !== 'string' && body !== undefined && body !== null)
      return fail(new TypeError('patientFetch sends text bodies only'))
    const send = url.startsWith('https:') ? requestHttps : requestHttp
    const request = send(url, { method, headers: Object.fromEntries(new Headers(init.headers)) }, (incoming) => {
      if (isRedirect(incoming.statusCode)) {
        request.destroy()
        return fail(new TypeError('unexpected redirect'))
      }
      resolve(toResponse(incoming, forget))
    })
    const leave = () => {
      reject(signal?.reason)
      request.destroy(asError(signal?.reason))
    }
    const forget = () => signal?.removeEventListener('abort', leave)
    signal?.addEventListener('abort', leave, { once: true })
    request.once('error', (error) => {
      forget()
      fail(error)
    })
    request.end(body ?? undefined)
  })
}

function isRedirect(status: number | undefined): boolean {
  return status !== undefined && [301, 302, 303, 307, 308].includes(status)
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new DOMException('aborted', 'AbortError')
}

function toResponse(incoming: IncomingMessage, forget: () => void): Response {
  const headers = new Headers()
  for (let index = 0; index + 1 < incoming.rawHeaders.length; index += 2)
    headers.append(incoming.rawHeaders[index] ?? '', incoming.rawHeaders[index + 1] ?? '')
  const status = incoming.statusCode ?? 502
  const bodiless = status === 204 || status === 304
  const stream = bodiless ? null : bodyOf(incoming, forget)
  if (bodiless) forget()
  return new Response(stream, { status, statusText: incoming.statusMessage ?? '', headers })
}

/** The body, read from the socket only as fast as it is asked for. */
function bodyOf(incoming: IncomingMessage, forget: () => void): ReadableStream<Uint8Array> {
  const iterator = incoming[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await iterator.next()
          if (!done) return controller.enqueue(new Uint8Array(value))
          forget()
          controller.close()
        } catch (error) {
          forget()
          controller.error(new TypeError('terminated', { cause: error }))
        }
      },
      cancel() {
        forget()
        incoming.destroy()
      },
    },
    { highWaterMark: 0 },
  )
}
