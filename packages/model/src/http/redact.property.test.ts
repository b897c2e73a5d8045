import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openaiCompatible } from '../openai/openai-model.ts'
import { createRedactor, publicUrl } from './redact.ts'

/** Header-safe keys, also with characters that JSON and URLs escape. */
const key = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 10,
  maxLength: 60,
})

describe('createRedactor', () => {
  test('takes the secret out in every form in which a server may write it', () => {
    fc.assert(
      fc.property(key, fc.string(), fc.string(), (secret, before, after) => {
        const redact = createRedactor([secret])
        const base64 = btoa(secret)
        for (const form of [secret, JSON.stringify(secret), encodeURIComponent(secret), base64]) {
          const clean = redact(before + form + after)
          expect(clean).not.toContain(secret)
          expect(clean).not.toContain(JSON.stringify(secret).slice(1, -1))
          expect(clean).not.toContain(base64)
        }
      }),
    )
  })

  test('leaves placeholders alone', () => {
    expect(createRedactor(['EMPTY', 'none', undefined])('EMPTY or none')).toBe('EMPTY or none')
  })
})

test('publicUrl drops credentials, query and fragment', () => {
  expect(publicUrl('http://user:secret@host:1/v1/x?key=secret#secret')).toBe('http://host:1/v1/x')
})

/** What a log would show of an error: its JSON, its text, and all that hangs on it. */
function written(error: unknown, depth = 0): string {
  if (typeof error !== 'object' || error === null || depth > 5) return String(error)
  const own = Object.getOwnPropertyNames(error).map((name) => {
    const value = (error as Record<string, unknown>)[name]
    return typeof value === 'object' ? written(value, depth + 1) : String(value)
  })
  return `${String(error)} ${JSON.stringify(error)} ${own.join(' ')}`
}

test('no error of the client shows the key, whatever the server and the engine do with it', async () => {
  type Answer = (secret: string, init: RequestInit) => Response | Error
  const json = (body: unknown, status: number) =>
    new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })
  const event = (data: string) =>
    new Response(`data: ${data}\n\n`, { headers: { 'content-type': 'text/event-stream' } })
  const answers: Answer[] = [
    (secret) => json({ error: { message: `Incorrect API key provided: ${secret}` } }, 401),
    (secret) => json({ detail: [{ input: { authorization: `Bearer ${secret}` } }] }, 422),
    (secret) => new Response(`<html>${secret}</html>`, { status: 500 }),
    (secret) => new Response(secret.repeat(3000), { status: 400 }),
    (secret) => new Response(`${'x'.repeat(65_530)}${secret}`, { status: 400 }),
    (secret) => new Response(`oops ${secret}`, { headers: { 'content-type': 'text/plain' } }),
    (secret) => new Response(`{"a": ${secret}`, { headers: { 'content-type': 'application/json' } }),
    (secret) => event(JSON.stringify({ error: { message: `bad key ${secret}` } })),
    (secret) => event(`no JSON ${secret}`),
    (_, init) => json(Object.fromEntries(new Headers(init.headers)), 403),
    (secret) => new TypeError('fetch failed', { cause: new Error(`Headers.append: "Bearer ${secret}" is invalid`) }),
    (secret) => new TypeError(`Bearer ${secret} is an invalid header value`),
  ]
  await fc.assert(
    fc.asyncProperty(key, fc.constantFrom(...answers), fc.boolean(), async (secret, answer, inHeader) => {
      const model = openaiCompatible({
        baseUrl: 'http://127.0.0.1:9/v1',
        model: 'm',
        ...(inHeader ? { headers: { 'X-Api-Key': secret, Authorization: `Bearer ${secret}` } } : { apiKey: secret }),
        retries: 0,
        fetch: async (_, init) => {
          const result = answer(secret, init)
          if (result instanceof Error) throw result
          return result
        },
      })
      const request = { messages: [{ role: 'user' as const, content: 'hi' }] }
      const calls = [
        () => model.generate(request),
        async () => {
          for await (const _ of model.stream(request));
        },
        () => model.connect(),
        () => model.scorer(),
        () => model.embedder(),
      ]
      for (const call of calls) {
        const error = await call().then(
          () => undefined,
          (reason: unknown) => reason,
        )
        expect(written(error)).not.toContain(secret)
        expect(written(error)).not.toContain(JSON.stringify(secret).slice(1, -1))
      }
    }),
    { numRuns: 150 },
  )
})

test('a key that no header can carry is refused without being shown', () => {
  expect(() => openaiCompatible({ baseUrl: 'http://x/v1', model: 'm', apiKey: 'secret-key-1234\n' })).toThrowError(
    expect.objectContaining({ code: 'invalid-argument', message: expect.not.stringContaining('secret-key') }),
  )
  expect(() =>
    openaiCompatible({ baseUrl: 'http://x/v1', model: 'm', headers: { 'X-Key': 'secret-key-1234\r\nX: y' } }),
  ).toThrowError(expect.objectContaining({ message: expect.not.stringContaining('secret-key') }))
})
