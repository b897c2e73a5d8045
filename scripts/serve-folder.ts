/** @file A static server on loopback for browser tests: range requests, and the headers that let WASM use threads. */
import { createReadStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize, sep } from 'node:path'

const contentTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
}

/** A server of files under a folder. */
export interface FolderServer {
  /** For example `http://127.0.0.1:40123`. */
  address: string
  close(): Promise<void>
}

/** Serves a folder; `extra` maps further paths, such as `/model.gguf`, to files elsewhere. */
export async function serveFolder(folder: string, extra: Readonly<Record<string, string>> = {}): Promise<FolderServer> {
  const root = await realpath(folder)
  const server = createServer((request, response) => {
    answer(request, response, root, extra).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  root: string,
  extra: Readonly<Record<string, string>>,
): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost')
  const name = pathname.endsWith('/') ? `${pathname}index.html` : pathname
  const path = extra[pathname] ?? normalize(join(root, decodeURIComponent(name)))
  const size = await sizeOf(path)
  if (size === undefined || (!(pathname in extra) && !path.startsWith(root + sep))) {
    response.writeHead(404).end('not found')
    return
  }
  const headers = {
    'content-type': contentTypes[extname(path)] ?? 'application/octet-stream',
    'accept-ranges': 'bytes',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
  }
  const [, first = '', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
  const start = first === '' ? 0 : Number(first)
  const end = Math.min(size - 1, last === '' ? size - 1 : Number(last))
  if (first !== '' && start > end) {
    response.writeHead(416, { ...headers, 'content-range': `bytes */${size}` }).end()
    return
  }
  const part = first === '' ? {} : { 'content-range': `bytes ${start}-${end}/${size}` }
  response.writeHead(first === '' ? 200 : 206, {
    ...headers,
    ...part,
    'content-length': size === 0 ? 0 : end - start + 1,
  })
  if (request.method === 'HEAD' || size === 0) response.end()
  else
    createReadStream(path, { start, end })
      .on('error', () => response.destroy())
      .pipe(response)
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path)
    return found.isFile() ? found.size : undefined
  } catch {
    return undefined
  }
}
