/** @file Errors in the form of the protocol: `{"error": {message, type, param, code}}`. */
import type { ContextLengthError } from '../errors/context-length-error.ts'
import type { InvalidArgumentError } from '../errors/invalid-argument-error.ts'
import { isLcError } from '../errors/lc-error.ts'

/** An error as the protocol writes it, with its status. */
export interface WireError {
  status: number
  message: string
  type: string
  param?: string
  code?: string
  retryAfterSeconds?: number
}

/** The response of an error. */
export function errorResponse(error: WireError): Response {
  const headers = new Headers({ 'content-type': 'application/json' })
  if (error.retryAfterSeconds !== undefined) headers.set('retry-after', String(error.retryAfterSeconds))
  return new Response(JSON.stringify(errorBody(error)), { status: error.status, headers })
}

/** The body of an error, also an event of a stream that has begun. */
export function errorBody(error: WireError): { error: Record<string, unknown> } {
  const { message, type, param = null, code = null } = error
  return { error: { message, type, param, code } }
}

/** A bad request that names its parameter. */
export function badRequest(message: string, param?: string, code = 'invalid_value'): WireError {
  return { status: 400, message, type: 'invalid_request_error', code, ...(param === undefined ? {} : { param }) }
}

/** What a client learns of an error; faults of ours stay with us and go to `onFault`. */
export function describeError(error: unknown, onFault: (error: unknown) => void): WireError {
  if (isLcError(error)) {
    switch (error.code) {
      case 'invalid-argument':
        return badRequest(error.message, (error as InvalidArgumentError).argument)
      case 'budget-too-small':
      case 'policy-plan':
        return badRequest(error.message, 'policy')
      case 'unsupported-capability':
        return badRequest(error.message, undefined, 'unsupported_parameter')
      case 'context-length':
        return describeContextLength(error as ContextLengthError)
      case 'timeout':
        return { status: 504, message: error.message, type: 'server_error', code: 'timeout' }
      case 'disposed':
        return { status: 503, message: 'the server is closing', type: 'server_error', code: 'closing' }
      case 'output-parse':
        return { status: 500, message: 'the answer of the model does not parse', type: 'server_error' }
    }
  }
  onFault(error)
  return { status: 500, message: 'internal error', type: 'server_error' }
}

/** In the words that clients of the protocol look for. */
function describeContextLength(error: ContextLengthError): WireError {
  const message = `This model's maximum context length is ${error.limit} tokens. However, the request has ${error.tokens} tokens.`
  return badRequest(message, 'messages', 'context_length_exceeded')
}
