/** @file Events of the protocol (`data: {json}`, at last `data: [DONE]`) as a response. */
import { errorBody, type WireError } from './error-response.ts'

/**
 * A response of server-sent events. The first item is awaited before, so that an error that comes at once has a status
 * of its own; a later one becomes an event. `finished` is called once, however the stream ends; cancelling the body
 * ends the iterator.
 */
export async function eventStreamResponse(
  items: AsyncIterable<unknown>,
  describe: (error: unknown) => WireError,
  finished: () => void,
): Promise<Response> {
  const iterator = items[Symbol.asyncIterator]()
  let first: IteratorResult<unknown> | undefined
  try {
    first = await iterator.next()
  } catch (error) {
    finished()
    throw error
  }
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const send = (data: string) => controller.enqueue(encoder.encode(`data: ${data}\n\n`))
      try {
        const result = first ?? (await iterator.next())
        first = undefined
        if (!result.done) return send(JSON.stringify(result.value))
      } catch (error) {
        send(JSON.stringify(errorBody(describe(error))))
      }
      send('[DONE]')
      controller.close()
      finished()
    },
    async cancel() {
      finished()
      await iterator.return?.()
    },
  })
  const headers = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' }
  return new Response(body, { headers })
}
