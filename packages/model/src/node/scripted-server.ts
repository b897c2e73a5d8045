/** @file A server on loopback that says what a script tells it, well-formed or not: for tests of clients. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A request as it arrived. */
export interface RecordedRequest {
  method: string
  path: string
  headers: IncomingMessage['headers']
  /** Parsed when it is JSON, else the text. */
  body: unknown
}

/** One answer. */
export interface ScriptedAnswer {
  /** Defaults to 200. */
  status?: number
  headers?: Record<string, string>
  /** Milliseconds before the status line. */
  delayMs?: number
  /** Text is sent as it is, anything else as JSON. */
  body?: unknown
  /** Sent instead of a body, piece by piece; a number is a pause in milliseconds. */
  pieces?: readonly (string | number)[]
  /** Breaks the connection after the body instead of ending it (with `status: 0`: before the status line). */
  cut?: boolean
  /** Never answers. */
  silent?: boolean
}

/** The answers in turn, the last one for all later requests; or a function. */
export type Script =
  | readonly ScriptedAnswer[]
  | ((request: RecordedRequest, index: number) => ScriptedAnswer | Promise<ScriptedAnswer>)

export interface ScriptedServer {
  /** For example `http://127.0.0.1:41234`. */
  readonly url: string
  readonly requests: RecordedRequest[]
  /** Requests whose connection the client closed before the answer ended. */
  readonly abandoned: number
  close(): Promise<void>
}

/** Starts a scripted server on a free port. */
export async function startScriptedServer(script: Script): Promise<ScriptedServer> {
  const requests: RecordedRequest[] = []
  let abandoned = 0
  const server = createServer((incoming, outgoing) => {
    outgoing.once('close', () => {
      if (!outgoing.writableFinished) abandoned++
    })
    readRequest(incoming)
      .then(async (request) => {
        const index = requests.push(request) - 1
        const answer =
          typeof script === 'function' ? await script(request, index) : script[Math.min(index, script.length - 1)]
        return play(answer ?? {}, outgoing)
      })
      .catch(() => outgoing.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get abandoned() {
      return abandoned
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function readRequest(incoming: IncomingMessage): Promise<RecordedRequest> {
  const pieces: Uint8Array[] = []
  for await (const piece of incoming) pieces.push(piece)
  const text = Buffer.concat(pieces).toString('utf8')
  let body: unknown = text
  try {
    body = JSON.parse(text)
  } catch {
    // some requests are no JSON
  }
  return { method: incoming.method ?? '', path: incoming.url ?? '', headers: incoming.headers, body }
}

async function play(answer: ScriptedAnswer, outgoing: ServerResponse): Promise<void> {
  if (answer.silent) return
  if (answer.delayMs !== undefined) await sleep(answer.delayMs)
  if (answer.status === 0) {
    outgoing.destroy()
    return
  }
  const { body = {} } = answer
  outgoing.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers })
  for (const piece of answer.pieces ?? [typeof body === 'string' ? body : JSON.stringify(body)]) {
    if (typeof piece === 'number') await sleep(piece)
    else await new Promise<void>((resolve) => outgoing.write(piece, () => resolve()))
    if (outgoing.destroyed) return
  }
  if (answer.cut) outgoing.destroy()
  else outgoing.end()
}
