/** @file Requests to a hub: redirects by hand, so that the token never reaches another host, and typed errors. */
import { TimeoutError } from '@lc/model/errors'
import { DownloadError } from '../errors/download-error.ts'
import type { HubSettings } from './hub-settings.ts'

/** A file of a repository, for messages. */
export interface HubFileName {
  readonly repository: string
  readonly file: string
}

export interface HubRequest extends HubFileName {
  readonly settings: HubSettings
  readonly method: 'HEAD' | 'GET'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  /** `'host'` stops at a redirect to another host: the headers before it are what counts. */
  readonly follow: 'all' | 'host'
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs: number
}

const mostRedirects = 8

/**
 * Sends a request and follows redirects.
 *
 * @throws DownloadError for status codes that will not change by asking again; what `fetch` throws for the network.
 */
export async function requestHub(request: HubRequest): Promise<Response> {
  let url = request.url
  for (let hop = 0; hop <= mostRedirects; hop++) {
    const response = await send(request, url)
    const target = response.headers.get('location')
    const redirected = response.status >= 300 && response.status < 400 && target !== null
    if (!redirected) return checked(request, response)
    const next = new URL(target, url)
    if (request.follow === 'host' && next.host !== new URL(request.url).host) return response
    if (next.protocol !== 'https:' && next.protocol !== 'http:') break
    await response.body?.cancel()
    url = next.href
  }
  throw new DownloadError({ ...named(request), problem: 'the server redirects without end' })
}

async function send(request: HubRequest, url: string): Promise<Response> {
  const { settings, method, signal, timeoutMs } = request
  const plain = settings.access === 'listing'
  // a browser asks the server's leave for every header that is not an everyday one
  const own = plain ? {} : { 'accept-encoding': 'identity', 'user-agent': 'lc' }
  const headers: Record<string, string> = { ...own, ...request.headers }
  if (new URL(url).host !== new URL(settings.endpoint).host) {
    // another host has entity tags of its own, which would make every resumed download start again
    delete headers['if-range']
  } else if (settings.token) headers.authorization = `Bearer ${settings.token}`
  const timeout = new AbortController()
  const timer = setTimeout(
    () => timeout.abort(new TimeoutError({ operation: `${method} ${new URL(url).host}`, timeoutMs })),
    timeoutMs,
  )
  try {
    return await fetch(url, {
      method,
      headers,
      redirect: plain ? 'follow' : 'manual',
      signal: signal ? AbortSignal.any([signal, timeout.signal]) : timeout.signal,
    })
  } finally {
    clearTimeout(timer)
  }
}

function named(request: HubFileName): HubFileName {
  return { repository: request.repository, file: request.file }
}

async function checked(request: HubRequest, response: Response): Promise<Response> {
  const { status } = response
  if (response.ok || status === 404 || status === 416 || status === 429 || status >= 500) return response
  const code = response.headers.get('x-error-code') ?? ''
  await response.body?.cancel()
  if (code === 'GatedRepo' || status === 403)
    throw new DownloadError({
      ...named(request),
      status,
      problem: 'the repository is gated',
      advice: 'accept its terms on its page and set HF_TOKEN, or give a local file with --model FILE',
    })
  if (status === 401)
    throw new DownloadError({
      ...named(request),
      status,
      problem: 'the repository does not exist, or is private',
      advice: 'check the name, set HF_TOKEN, or give a local file with --model FILE',
    })
  throw new DownloadError({ ...named(request), status, problem: `the server answers with status ${status}` })
}
