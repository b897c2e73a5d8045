import { ApiCallError } from '../errors/api-call-error.ts'
import { isLcError } from '../errors/lc-error.ts'
import { publicUrl } from '../http/redact.ts'

const longestBody = 2048

/** What an AI SDK provider throws, as an error of lc. Errors of lc pass unchanged. */
export function toCallError(error: unknown, model: string): unknown {
  if (isLcError(error)) return error
  const call = (typeof error === 'object' && error !== null ? error : {}) as {
    url?: unknown
    statusCode?: unknown
    isRetryable?: unknown
    responseBody?: unknown
    message?: unknown
  }
  return new ApiCallError({
    endpoint: typeof call.url === 'string' ? publicUrl(call.url) : model,
    retryable: call.isRetryable === true,
    status: typeof call.statusCode === 'number' ? call.statusCode : undefined,
    body: typeof call.responseBody === 'string' ? call.responseBody.slice(0, longestBody) : undefined,
    problem: typeof call.message === 'string' ? call.message : String(error),
    cause: error,
  })
}

/** The pause that a failed call asks for by its response headers, in milliseconds. */
export function retryHeadersOf(error: unknown): Headers {
  const { responseHeaders } = (typeof error === 'object' && error !== null ? error : {}) as {
    responseHeaders?: unknown
  }
  return new Headers((responseHeaders ?? {}) as Record<string, string>)
}
