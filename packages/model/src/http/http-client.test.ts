import { afterEach, describe, expect, test } from 'vitest'
import { type Script, type ScriptedServer, startScriptedServer } from '../node/scripted-server.ts'
import { openaiCompatible } from '../openai/openai-model.ts'
import type { OpenaiCompatibleOptions } from '../openai/options.ts'

const servers: ScriptedServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

async function connect(script: Script, options: Partial<OpenaiCompatibleOptions> = {}) {
  const server = await startScriptedServer(script)
  servers.push(server)
  const retries = { retries: 3, baseDelayMs: 5, maxDelayMs: 20 }
  return { server, model: openaiCompatible({ baseUrl: `${server.url}/v1`, model: 'm', retries, ...options }) }
}

const answer = {
  choices: [{ index: 0, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 1 },
}
const request = { messages: [{ role: 'user' as const, content: 'hi' }] }
const sse = { 'content-type': 'text/event-stream' }
const delta = (content: string) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`
const finish = `data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\n`

async function readAll(stream: AsyncIterable<{ type: string; text?: string }>): Promise<string> {
  let text = ''
  for await (const part of stream) text += part.type === 'text-delta' ? (part.text ?? '') : ''
  return text
}

describe('retries', () => {
  test.each([429, 500, 502, 503, 408])('status %d is tried again', async (status) => {
    const { server, model } = await connect([{ status }, { status }, { body: answer }])
    expect((await model.generate(request)).text).toBe('hello')
    expect(server.requests).toHaveLength(3)
  })

  test.each([400, 401, 403, 404, 501])('status %d is not', async (status) => {
    const { server, model } = await connect([{ status, body: { error: { message: 'because' } } }])
    await expect(model.generate(request)).rejects.toMatchObject({ code: 'api-call', status, problem: 'because' })
    expect(server.requests).toHaveLength(1)
  })

  test('a broken connection is tried again, before the status line and in the middle of a body', async () => {
    const { server, model } = await connect([{ status: 0 }, { body: '{"choices": [', cut: true }, { body: answer }])
    expect((await model.generate(request)).text).toBe('hello')
    expect(server.requests).toHaveLength(3)
  })

  test('ends with the last error when the attempts are used up', async () => {
    const { server, model } = await connect([{ status: 503, body: { error: 'loading' } }])
    await expect(model.generate(request)).rejects.toMatchObject({ status: 503, retryable: true, problem: 'loading' })
    expect(server.requests).toHaveLength(4)
  })

  test('waits as long as the server asks', async () => {
    const { model } = await connect([{ status: 429, headers: { 'retry-after-ms': '120' } }, { body: answer }])
    const start = performance.now()
    await model.generate(request)
    expect(performance.now() - start).toBeGreaterThan(110)
  })

  test('does not wait when the server asks for more than is left', async () => {
    const script = [{ status: 429, headers: { 'retry-after': '30' } }]
    const { server, model } = await connect(script, { timeoutMs: 5_000 })
    await expect(model.generate(request)).rejects.toMatchObject({ status: 429 })
    expect(server.requests).toHaveLength(1)
  })

  test('nothing is tried again once a stream has begun', async () => {
    const { server, model } = await connect([{ headers: sse, pieces: [delta('he'), 5], cut: true }])
    await expect(readAll(model.stream(request))).rejects.toMatchObject({ code: 'api-call', retryable: true })
    expect(server.requests).toHaveLength(1)
  })

  test('opening a stream is tried again', async () => {
    const { server, model } = await connect([
      { status: 500 },
      { headers: sse, pieces: [delta('he'), delta('llo'), finish] },
    ])
    expect(await readAll(model.stream(request))).toBe('hello')
    expect(server.requests).toHaveLength(2)
  })

  test('a refused connection is named', async () => {
    const { server, model } = await connect([], { retries: 0 })
    await server.close()
    await expect(model.generate(request)).rejects.toMatchObject({ problem: expect.stringContaining('ECONNREFUSED') })
  })
})

test('the impatience of the platform is explained and not tried again', async () => {
  let calls = 0
  const { model } = await connect([], {
    fetch: async () => {
      calls++
      const cause = Object.assign(new Error('Headers Timeout Error'), { code: 'UND_ERR_HEADERS_TIMEOUT' })
      throw new TypeError('fetch failed', { cause })
    },
  })
  await expect(model.generate(request)).rejects.toMatchObject({ problem: expect.stringContaining('patientFetch') })
  expect(calls).toBe(1)
})

describe('bad answers', () => {
  test.each([
    ['another content type', { headers: { 'content-type': 'text/html' }, body: '<html>' }, /text\/html instead of/],
    ['malformed JSON', { body: '{"choices": [' }, /malformed JSON/],
    ['no object', { body: '7' }, /no JSON object/],
    ['no choices', { body: { choices: [] } }, /no choices/],
    ['an error page', { status: 404, headers: { 'content-type': 'text/html' }, body: '<html>' }, /Not Found/],
    ['a redirect', { status: 302, headers: { location: '/elsewhere' } }, /redirect/i],
  ])('%s', async (_, script, problem) => {
    const { model } = await connect([script])
    await expect(model.generate(request)).rejects.toMatchObject({
      code: 'api-call',
      problem: expect.stringMatching(problem),
    })
  })

  test('a body above the limit is not read to its end', async () => {
    const piece = ' '.repeat(65_536)
    const { model, server } = await connect([{ pieces: Array.from({ length: 2_000 }, () => piece) }], {
      maxResponseBytes: 200_000,
    })
    await expect(model.generate(request)).rejects.toMatchObject({ problem: 'answered more than 200000 bytes' })
    await expect.poll(() => server.abandoned).toBe(1)
  })

  test.each([
    ['JSON instead of events', { body: answer }, /instead of text\/event-stream/],
    ['an event that is no JSON', { headers: sse, body: 'data: {"choices"\n\n' }, /no JSON/],
    [
      'an error event',
      { headers: sse, body: `${delta('a')}data: {"error":{"message":"out of memory"}}\n\n` },
      /out of memory/,
    ],
    ['an error event in words', { headers: sse, body: 'data: {"error":"out of memory"}\n\n' }, /out of memory/],
    [
      'an event named error',
      { headers: sse, body: 'event: error\ndata: {"message":"out of memory"}\n\n' },
      /out of memory/,
    ],
    ['an end before the finish', { headers: sse, body: delta('a') }, /ended before the answer/],
  ])('in a stream: %s', async (_, script, problem) => {
    const { model } = await connect([script])
    await expect(readAll(model.stream(request))).rejects.toMatchObject({ problem: expect.stringMatching(problem) })
  })
})

describe('deadlines and aborts in every phase', () => {
  const phases: [string, Script][] = [
    ['before the status line', [{ silent: true }]],
    ['in the body', [{ pieces: ['{"choices"', 60_000, ':[]}'] }]],
    ['in the body of an error', [{ status: 400, pieces: ['{"error"', 60_000, ':1}'] }]],
    ['between attempts', [{ status: 503, headers: { 'retry-after': '40' } }]],
  ]
  // a pause that would end after the deadline is not begun
  test.each(phases.slice(0, 3))('timeout %s', async (_, script) => {
    const { model } = await connect(script)
    const failed = model.generate({ ...request, timeoutMs: 60 })
    await expect(failed).rejects.toMatchObject({ code: 'timeout', timeoutMs: 60 })
  })

  test.each(phases)('abort %s', async (_, script) => {
    const { server, model } = await connect(script, { retries: { retries: 3 } })
    const controller = new AbortController()
    const failed = model.generate({ ...request, signal: controller.signal })
    setTimeout(() => controller.abort(reason), 60)
    const reason = new Error('enough')
    await expect(failed).rejects.toBe(reason)
    expect(server.requests).toHaveLength(1)
  })

  test('an aborted signal sends nothing', async () => {
    const { server, model } = await connect([{ body: answer }])
    await expect(model.generate({ ...request, signal: AbortSignal.abort('no') })).rejects.toBe('no')
    expect(server.requests).toHaveLength(0)
  })

  const slowStream: Script = [{ headers: sse, pieces: [delta('he'), 60_000, delta('llo')] }]
  test('timeout between events', async () => {
    const { server, model } = await connect(slowStream)
    await expect(readAll(model.stream({ ...request, timeoutMs: 80 }))).rejects.toMatchObject({ code: 'timeout' })
    await expect.poll(() => server.abandoned).toBe(1)
  })

  test('abort between events', async () => {
    const { server, model } = await connect(slowStream)
    const controller = new AbortController()
    const reason = new Error('enough')
    setTimeout(() => controller.abort(reason), 60)
    await expect(readAll(model.stream({ ...request, signal: controller.signal }))).rejects.toBe(reason)
    await expect.poll(() => server.abandoned).toBe(1)
  })

  test('leaving the loop closes the connection', async () => {
    const { server, model } = await connect(slowStream)
    for await (const part of model.stream(request)) if (part.type === 'text-delta') break
    await expect.poll(() => server.abandoned).toBe(1)
  })
})
