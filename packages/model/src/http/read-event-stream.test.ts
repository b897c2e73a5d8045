import { describe, expect, test } from 'vitest'
import { eventParser, readEventStream } from './read-event-stream.ts'

function parse(...pieces: string[]) {
  const parser = eventParser()
  return pieces.flatMap((piece) => parser.push(piece))
}

describe('eventParser', () => {
  test.each([
    ['LF', 'data: a\n\ndata: b\n\n'],
    ['CRLF', 'data: a\r\n\r\ndata: b\r\n\r\n'],
    ['CR', 'data: a\r\rdata: b\r\r'],
    ['comments and unknown fields', ': keep-alive\n\nid: 7\nretry: 10\ndata: a\n\n:\ndata: b\n\n'],
    ['no space after the colon', 'data:a\n\ndata:b\n\n'],
    ['a byte order mark', '\ufeffdata: a\n\ndata: b\n\n'],
  ])('ends events at empty lines: %s', (_, text) => {
    expect(parse(text)).toEqual([{ data: 'a' }, { data: 'b' }])
  })

  test('joins data lines and keeps the type of the event', () => {
    expect(parse('event: error\ndata: one\ndata:\ndata:  two\n\n')).toEqual([{ event: 'error', data: 'one\n\n two' }])
  })

  test('leaves out an event that the stream does not finish', () => {
    expect(parse('data: a\n\ndata: b\n')).toEqual([{ data: 'a' }])
  })

  test('gives the same events however the text is cut', () => {
    const text = 'data: {"a":1}\r\n\r\n: c\r\nevent: x\r\ndata: ü😀\r\ndata: z\r\n\r\ndata\n\n'
    const whole = parse(text)
    expect(whole).toEqual([{ data: '{"a":1}' }, { event: 'x', data: 'ü😀\nz' }, { data: '' }])
    for (let first = 0; first < text.length; first++)
      for (let second = first; second < text.length; second += 7)
        expect(parse(text.slice(0, first), text.slice(first, second), text.slice(second))).toEqual(whole)
  })
})

describe('readEventStream', () => {
  const stream = (pieces: (Uint8Array | Error)[]) =>
    new ReadableStream<Uint8Array>({
      pull(controller) {
        const piece = pieces.shift()
        if (piece === undefined) controller.close()
        else if (piece instanceof Error) controller.error(piece)
        else controller.enqueue(piece)
      },
    })
  const collect = async (
    body: ReadableStream<Uint8Array>,
    signal = new AbortController().signal,
    maxEventLength = 1e6,
  ) => {
    const data: string[] = []
    for await (const event of readEventStream(body, { signal, endpoint: 'http://x/y', maxEventLength }))
      data.push(event.data)
    return data
  }

  test('joins characters that are cut between bytes', async () => {
    const bytes = new TextEncoder().encode('data: ü😀\n\n')
    expect(await collect(stream(Array.from(bytes, (byte) => Uint8Array.of(byte))))).toEqual(['ü😀'])
  })

  test('a broken connection is a retryable ApiCallError that names the endpoint', async () => {
    const body = stream([new TextEncoder().encode('data: a\n\n'), new TypeError('terminated')])
    await expect(collect(body)).rejects.toMatchObject({ code: 'api-call', retryable: true, endpoint: 'http://x/y' })
  })

  test('an event without end is refused at the limit', async () => {
    const piece = new TextEncoder().encode(`data: ${'x'.repeat(1000)}`)
    const body = stream(Array.from({ length: 100 }, () => piece))
    await expect(collect(body, undefined, 5000)).rejects.toMatchObject({ code: 'api-call', retryable: false })
  })

  test('an abort rejects with its own reason and cancels the body', async () => {
    const controller = new AbortController()
    let cancelled = false
    const body = new ReadableStream<Uint8Array>({
      pull: () => new Promise(() => undefined),
      cancel: () => {
        cancelled = true
      },
    })
    const reading = collect(body, controller.signal)
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(reading).rejects.toBe(reason)
    expect(cancelled).toBe(true)
  })
})
