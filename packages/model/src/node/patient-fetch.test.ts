import { afterEach, describe, expect, test } from 'vitest'
import { openaiCompatible } from '../openai/openai-model.ts'
import { patientFetch } from './patient-fetch.ts'
import { type Script, type ScriptedServer, startScriptedServer } from './scripted-server.ts'

const servers: ScriptedServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})
const start = async (script: Script) => {
  const server = await startScriptedServer(script)
  servers.push(server)
  return server
}

describe('patientFetch', () => {
  test('answers as fetch does', async () => {
    const server = await start([{ status: 418, headers: { 'x-a': 'b' }, body: { text: 'ü😀' } }])
    const init = { method: 'POST', headers: { 'x-key': 'k' }, body: '{"a":"é"}' }
    const [mine, theirs] = [await patientFetch(server.url, init), await fetch(server.url, init)]
    expect([mine.status, mine.statusText, mine.ok, mine.headers.get('x-a')]).toEqual([
      theirs.status,
      theirs.statusText,
      theirs.ok,
      'b',
    ])
    expect(await mine.json()).toEqual(await theirs.json())
    expect(server.requests[0]).toMatchObject({ method: 'POST', body: { a: 'é' }, headers: { 'x-key': 'k' } })
  })

  test('faults and redirects are errors', async () => {
    const cut = await start([{ status: 0 }])
    await expect(patientFetch(cut.url)).rejects.toMatchObject({ name: 'TypeError', cause: { code: 'ECONNRESET' } })
    const redirect = await start([{ status: 302, headers: { location: '/x' } }])
    await expect(patientFetch(redirect.url)).rejects.toMatchObject({ cause: { message: 'unexpected redirect' } })
    const broken = await start([{ body: 'half', cut: true }])
    await expect(patientFetch(broken.url).then((response) => response.text())).rejects.toThrow('terminated')
  })

  test('an abort ends it before the headers and in the body', async () => {
    for (const answer of [{ silent: true }, { pieces: ['a', 60_000, 'b'] }]) {
      const server = await start([answer])
      const controller = new AbortController()
      const reason = new Error('enough')
      const reading = patientFetch(server.url, { signal: controller.signal }).then((response) => response.text())
      setTimeout(() => controller.abort(reason), 40)
      await expect(reading).rejects.toThrow()
      await expect.poll(() => server.abandoned).toBe(1)
    }
  })

  test('carries the client: answers, streams, aborts with their own reason', async () => {
    const events = ['data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n', 60_000]
    const server = await start((request) =>
      (request.body as { stream?: boolean }).stream
        ? { headers: { 'content-type': 'text/event-stream' }, pieces: events }
        : { body: { choices: [{ message: { content: 'hello' }, finish_reason: 'stop' }] } },
    )
    const model = openaiCompatible({ baseUrl: `${server.url}/v1`, model: 'm', fetch: patientFetch })
    const messages = [{ role: 'user' as const, content: 'hi' }]
    expect((await model.generate({ messages })).text).toBe('hello')
    const controller = new AbortController()
    const reason = new Error('enough')
    const reading = async () => {
      for await (const part of model.stream({ messages, signal: controller.signal }))
        if (part.type === 'text-delta') setTimeout(() => controller.abort(reason), 10)
    }
    await expect(reading()).rejects.toBe(reason)
    await expect.poll(() => server.abandoned).toBe(1)
    for await (const part of model.stream({ messages })) if (part.type === 'text-delta') break
    await expect.poll(() => server.abandoned).toBe(2)
  })
})
