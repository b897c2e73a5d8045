import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { type HttpServer, type RequestHandler, serveHttp } from './serve-http.ts'

const open: HttpServer[] = []
afterEach(async () => {
  for (const server of open.splice(0)) await server.close()
})
const serve = async (handler: RequestHandler) => {
  const server = await serveHttp(handler, { port: 0 })
  open.push(server)
  return server
}

describe('serveHttp', () => {
  test('carries method, path, headers and body both ways', async () => {
    const { url } = await serve(async (request) => {
      const body = await request.text()
      return new Response(`${request.method} ${new URL(request.url).pathname} ${request.headers.get('x-a')} ${body}`, {
        status: 201,
        headers: { 'x-b': 'two' },
      })
    })
    const response = await fetch(`${url}/path?q=1`, { method: 'POST', headers: { 'x-a': 'one' }, body: 'ü😀' })
    expect([response.status, response.headers.get('x-b'), await response.text()]).toEqual([
      201,
      'two',
      'POST /path one ü😀',
    ])
  })

  test('sends pieces as they come', async () => {
    let push: ReadableStreamDefaultController<Uint8Array> | undefined
    const { url } = await serve(
      async () =>
        new Response(
          new ReadableStream<Uint8Array>({
            start(controller) {
              push = controller
            },
          }),
        ),
    )
    const response = await fetch(url)
    const reader = response.body?.getReader()
    for (const piece of ['one', 'two']) {
      push?.enqueue(new TextEncoder().encode(piece))
      expect(new TextDecoder().decode((await reader?.read())?.value)).toBe(piece)
    }
    push?.close()
    expect((await reader?.read())?.done).toBe(true)
  })

  test('trips the signal and cancels the body when the client leaves', async () => {
    let cancelled = false
    let signal: AbortSignal | undefined
    const { url } = await serve(async (request) => {
      signal = request.signal
      return new Response(
        new ReadableStream<Uint8Array>({
          start: (controller) => controller.enqueue(new Uint8Array([65])),
          cancel: () => {
            cancelled = true
          },
        }),
      )
    })
    const controller = new AbortController()
    const response = await fetch(url, { signal: controller.signal })
    await response.body?.getReader().read()
    controller.abort()
    await expect.poll(() => cancelled && signal?.aborted).toBe(true)
  })

  test('does not buffer for a client that reads slowly', async () => {
    let sent = 0
    const { port } = await serve(
      async () =>
        new Response(
          new ReadableStream<Uint8Array>({
            pull(controller) {
              sent++
              controller.enqueue(new Uint8Array(65_536))
            },
          }),
        ),
    )
    const socket = connect(port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await new Promise((resolve) => socket.once('readable', resolve))
    // reads nothing; the server must come to rest
    const seen: number[] = []
    const rests = () => {
      seen.push(sent)
      return seen.at(-1) === seen.at(-2)
    }
    await expect.poll(rests, { interval: 200, timeout: 5_000 }).toBe(true)
    expect(sent).toBeLessThan(500)
    socket.destroy()
  })

  test('a loopback server answers only to loopback names', async () => {
    const { port } = await serve(async () => new Response('ok'))
    const ask = (host: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        httpRequest({ port, host: '127.0.0.1', headers: { host } }, (response) => {
          response.resume()
          resolve(response.statusCode)
        })
          .on('error', reject)
          .end()
      })
    expect(await ask('evil.example')).toBe(403)
    expect(await ask(`evil.example:${port}`)).toBe(403)
    expect(await ask(`localhost:${port}`)).toBe(200)
    expect(await ask(`127.0.0.1:${port}`)).toBe(200)
    expect(await ask(`[::1]:${port}`)).toBe(200)
  })

  test('a handler that fails cuts the connection and nothing else', async () => {
    let failing = true
    const { url } = await serve(async () => {
      if (failing) throw new RangeError('broken')
      return new Response('ok')
    })
    await expect(fetch(url)).rejects.toThrow()
    failing = false
    expect(await (await fetch(url)).text()).toBe('ok')
  })

  test('a taken port is the system’s error', async () => {
    const { port } = await serve(async () => new Response('ok'))
    await expect(serveHttp(async () => new Response('ok'), { port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})
