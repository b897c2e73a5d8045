/**
 * @file Server-sent events as the WHATWG HTML standard defines them (section 9.2.6), from a stream of bytes that may
 * be cut anywhere: inside a character, between CR and LF, inside a field.
 */

import { withAbort } from '../abort/with-abort.ts'
import { ApiCallError } from '../errors/api-call-error.ts'
import { redactedCause } from './redact.ts'

/** One event: its data lines joined by line feeds, and its type where the server named one. */
export interface ServerEvent {
  event?: string
  data: string
}

/** The parser's state: what came after the last complete line, and the event under way. */
export interface EventParser {
  /** Takes text in pieces of any size; returns the events that are complete with it. */
  push(text: string): ServerEvent[]
  /** Characters that wait for the rest of their line or event. */
  readonly pending: number
}

/** A parser of server-sent events. The last event counts only with the empty line after it, as the standard says. */
export function eventParser(): EventParser {
  const lines = lineSplitter()
  let first = true
  let data: string[] = []
  let type = ''
  let waiting = 0

  const finishEvent = (): ServerEvent[] => {
    const events = data.length === 0 ? [] : [{ ...(type ? { event: type } : {}), data: data.join('\n') }]
    data = []
    type = ''
    waiting = 0
    return events
  }
  const takeField = (line: string): void => {
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'event') type = value
    // a line that begins with a colon is a comment, often a keep-alive
    if (field !== 'data') return
    data.push(value)
    waiting += value.length
  }

  return {
    get pending() {
      return lines.pending + waiting
    },
    push(text) {
      const chunk = first && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
      if (text !== '') first = false
      return lines.push(chunk).flatMap((line) => {
        if (line === '') return finishEvent()
        takeField(line)
        return []
      })
    },
  }
}

/** Splits text that comes in pieces at LF, CR and CRLF, also when a piece ends between CR and LF. */
function lineSplitter(): { push(text: string): string[]; readonly pending: number } {
  let rest = ''
  let afterReturn = false
  return {
    get pending() {
      return rest.length
    },
    push(text) {
      if (text === '') return []
      const body = afterReturn && text[0] === '\n' ? text.slice(1) : text
      afterReturn = text.endsWith('\r')
      const lines = (rest + body).split(/\r\n|\n|\r/)
      rest = lines.pop() ?? ''
      return lines
    },
  }
}

/** How a stream of events is read. */
export interface EventStreamOptions {
  signal: AbortSignal
  /** Named in errors. */
  endpoint: string
  /** The longest event in characters. Defaults to 4,194,304. */
  maxEventLength?: number
}

/**
 * The events of a response body. Ending the loop cancels the transfer.
 *
 * @throws The signal's reason when it trips; `ApiCallError` when the connection breaks or an event is too long.
 */
export async function* readEventStream(
  body: ReadableStream<Uint8Array>,
  options: EventStreamOptions,
): AsyncGenerator<ServerEvent, void, undefined> {
  const { signal, endpoint, maxEventLength = 4_194_304 } = options
  const reader = body.getReader()
  const decoder = new TextDecoder()
  const parser = eventParser()
  try {
    for (;;) {
      const { done, value } = await withAbort(reader.read(), signal).catch((error: unknown) => {
        if (signal.aborted) throw signal.reason
        const problem = `the stream broke off (${faultName(error)})`
        throw new ApiCallError({ endpoint, retryable: true, problem, cause: redactedCause(error, (text) => text) })
      })
      yield* parser.push(done ? decoder.decode() : decoder.decode(value, { stream: true }))
      if (done) return
      if (parser.pending > maxEventLength) throw eventTooLong(endpoint, maxEventLength)
    }
  } finally {
    reader.cancel().catch(() => undefined)
  }
}

function eventTooLong(endpoint: string, limit: number): ApiCallError {
  return new ApiCallError({ endpoint, retryable: false, problem: `an event is longer than ${limit} characters` })
}

function faultName(error: unknown): string {
  const cause = error instanceof Error ? (error.cause as { code?: unknown } | undefined) : undefined
  if (typeof cause?.code === 'string') return cause.code
  return error instanceof Error ? error.name : 'unknown fault'
}
