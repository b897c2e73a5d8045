/** @file Request bodies: JSON, of a limited size. */
import { withAbort } from '../abort/with-abort.ts'
import type { WireError } from './error-response.ts'
import { badRequest } from './error-response.ts'

export type BodyResult = { ok: true; body: Record<string, unknown> } | { ok: false; error: WireError }

/** Reads a body of at most `limitBytes`; never holds more than that. Rejects with the reason of the signal. */
export async function readRequestBody(request: Request, limitBytes: number, signal: AbortSignal): Promise<BodyResult> {
  const type = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase()
  // anything else could come from a form of a foreign web page, without asking first
  if (type !== 'application/json')
    return refuse({
      status: 415,
      message: 'the content type must be application/json',
      type: 'invalid_request_error',
      code: 'unsupported_media_type',
    })
  const tooLarge = refuse({
    status: 413,
    message: `the body is larger than ${limitBytes} bytes`,
    type: 'invalid_request_error',
    code: 'body_too_large',
  })
  if (Number(request.headers.get('content-length') ?? 0) > limitBytes) return tooLarge
  const text = await readBounded(request, limitBytes, signal)
  if (text === undefined) return tooLarge
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return refuse(badRequest('the body is not valid JSON', undefined, 'invalid_json'))
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return refuse(badRequest('the body must be a JSON object', undefined, 'invalid_json'))
  return { ok: true, body: body as Record<string, unknown> }
}

function refuse(error: WireError): BodyResult {
  return { ok: false, error }
}

async function readBounded(request: Request, limitBytes: number, signal: AbortSignal): Promise<string | undefined> {
  if (!request.body) return ''
  const reader = (request.body as ReadableStream<Uint8Array>).getReader()
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  for (;;) {
    const { done, value } = await withAbort(reader.read(), signal)
    if (done) return text + decoder.decode()
    size += value.byteLength
    if (size > limitBytes) {
      reader.cancel().catch(() => undefined)
      return undefined
    }
    text += decoder.decode(value, { stream: true })
  }
}
