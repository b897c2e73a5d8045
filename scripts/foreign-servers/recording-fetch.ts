/** @file A `fetch` that keeps what was said: the source of fixtures. */
import type { Fetch } from '@lc/model/openai-compatible'

/** A request and its answer, without headers. */
interface Exchange {
  path: string
  request: unknown
  status: number
  response: unknown
}

export interface Recorder {
  fetch: Fetch
  exchanges(): Exchange[]
  clear(): void
}

/** Records JSON exchanges; streams pass unrecorded. */
export function recordingFetch(): Recorder {
  let exchanges: Exchange[] = []
  return {
    exchanges: () => exchanges,
    clear: () => {
      exchanges = []
    },
    fetch: async (url, init) => {
      const response = await fetch(url, init)
      if (!(response.headers.get('content-type') ?? '').startsWith('application/json')) return response
      const text = await response.text()
      const request = typeof init.body === 'string' ? JSON.parse(init.body) : null
      exchanges.push({ path: new URL(url).pathname, request, status: response.status, response: JSON.parse(text) })
      return new Response(text, { status: response.status, headers: response.headers })
    },
  }
}
