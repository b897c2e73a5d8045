/** @file A function from `Request` to `Response` on a port of this machine, over `node:http`. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { checkInteger } from '../check/check-argument.ts'

/** Answers requests; the second argument tells clients apart. */
export type RequestHandler = (request: Request, connection: { client: string }) => Promise<Response>

/** Where `serveHttp` listens. */
export interface ServeHttpOptions {
  /** 0 takes any free port. Defaults to 8000. */
  port?: number
  /** The address to listen at. Defaults to `127.0.0.1`: this machine only. */
  host?: string
  /** Milliseconds in which a request's headers must arrive. Defaults to 30,000. */
  headersMs?: number
}

/** A server that listens. */
export interface HttpServer {
  /** For example `http://127.0.0.1:8000`. */
  readonly url: string
  readonly port: number
  /** Stops listening, cuts idle connections, waits for answers under way. */
  close(): Promise<void>
}

const loopback: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '::1', '[::1]'])

/**
 * Listens and hands requests to the handler. A client that leaves trips the signal of its request. A server on a
 * loopback address answers only requests that name one as their host, so that no web page reaches it by a name that it
 * points here.
 *
 * @throws The system's error when the port is taken.
 */
export async function serveHttp(handler: RequestHandler, options: ServeHttpOptions = {}): Promise<HttpServer> {
  const { host = '127.0.0.1', headersMs = 30_000 } = options
  const port = checkInteger(options.port ?? 8000, 'port', { min: 0, max: 65_535 })
  const localOnly = loopback.has(host)
  const server = createServer({ headersTimeout: headersMs, requestTimeout: 0 }, (incoming, outgoing) => {
    answer(handler, incoming, outgoing, localOnly).catch(() => outgoing.destroy())
  })
  await listen(server, port, host)
  const bound = (server.address() as AddressInfo).port
  return {
    url: `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${bound}`,
    port: bound,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()))
        server.closeIdleConnections()
      }),
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host.replace(/^\[|\]$/g, ''), () => {
      server.off('error', reject)
      resolve()
    })
  })
}

async function answer(
  handler: RequestHandler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  localOnly: boolean,
): Promise<void> {
  const controller = new AbortController()
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) controller.abort(new DOMException('the client has left', 'AbortError'))
  })
  const host = incoming.headers.host ?? 'localhost'
  if (localOnly && !loopback.has(hostName(host))) {
    outgoing.writeHead(403, { 'content-type': 'text/plain' }).end('this server answers only as localhost\n')
    return
  }
  const request = toRequest(incoming, host, controller.signal)
  if (!request) {
    outgoing.writeHead(400, { 'content-type': 'text/plain' }).end('malformed request\n')
    return
  }
  const { remoteAddress = 'unknown', remotePort = 0 } = incoming.socket
  const response = await handler(request, { client: `${remoteAddress}:${remotePort}` })
  await send(response, outgoing, controller.signal)
  // what is left of a body that nobody wanted would block the connection
  if (!incoming.readableEnded) incoming.resume()
}

function hostName(host: string): string {
  return host.replace(/:\d+$/, '').toLowerCase()
}

function toRequest(incoming: IncomingMessage, host: string, signal: AbortSignal): Request | undefined {
  const headers = new Headers()
  for (let index = 0; index + 1 < incoming.rawHeaders.length; index += 2)
    headers.append(incoming.rawHeaders[index] ?? '', incoming.rawHeaders[index + 1] ?? '')
  const method = incoming.method ?? 'GET'
  const init: RequestInit & { duplex?: 'half' } = { method, headers, signal }
  if (method !== 'GET' && method !== 'HEAD') {
    init.body = bodyStream(incoming)
    init.duplex = 'half'
  }
  try {
    return new Request(new URL(incoming.url ?? '/', `http://${host}`), init)
  } catch {
    return undefined
  }
}

/** The body as a web stream that reads from the socket only when asked. */
function bodyStream(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  const iterator = incoming[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await iterator.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
    },
    { highWaterMark: 0 },
  )
}

/** Writes a response at the speed at which the client reads. */
async function send(response: Response, outgoing: ServerResponse, signal: AbortSignal): Promise<void> {
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  if (!response.body) {
    outgoing.end()
    return
  }
  const reader = response.body.getReader()
  const leave = () => reader.cancel(signal.reason).catch(() => undefined)
  if (signal.aborted) return void leave()
  signal.addEventListener('abort', leave, { once: true })
  try {
    outgoing.flushHeaders()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      if (!outgoing.write(value)) await drained(outgoing)
      if (signal.aborted) return
    }
    outgoing.end()
  } finally {
    signal.removeEventListener('abort', leave)
  }
}

function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      outgoing.off('drain', go)
      outgoing.off('close', go)
      resolve()
    }
    outgoing.on('drain', go)
    outgoing.on('close', go)
  })
}
