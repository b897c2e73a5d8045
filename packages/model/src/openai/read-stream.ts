/** @file Streamed answers as parts. */
import type { FinishReason, StreamPart, TokenLogprob, Usage } from '../capability/language-model.ts'
import { ApiCallError } from '../errors/api-call-error.ts'
import { errorMessage } from '../http/http-client.ts'
import type { ServerEvent } from '../http/read-event-stream.ts'
import type { Redact } from '../http/redact.ts'
import { readContent, readFinishReason, readLogprobs, readUsage, toolCall } from './read-answer.ts'
import { isRecord } from './server-dialect.ts'

/** What is collected while a stream runs. */
interface StreamState {
  finishReason?: FinishReason
  usage?: Usage
  calls: Map<number, { id: string; name: string; arguments: string }>
  text: string
  tokenCount: number
  complete: boolean
}

export interface StreamReaderOptions {
  endpoint: string
  redact: Redact
  /** Log-probabilities were asked for. */
  logprobs: boolean
  /** Counts for servers that send none. */
  estimateUsage(text: string, tokenCount: number): Usage
  /** Called when log-probabilities were asked for and none came. */
  missingLogprobs(): never
}

/**
 * The parts of an answer from its events. Tool calls come whole, before `finish`.
 *
 * @throws `ApiCallError` when the server reports an error, sends no JSON, or stops before the answer has ended.
 */
export async function* readStreamParts(
  events: AsyncIterable<ServerEvent>,
  options: StreamReaderOptions,
): AsyncGenerator<StreamPart, void, undefined> {
  const state: StreamState = { calls: new Map(), text: '', tokenCount: 0, complete: false }
  for await (const event of events) {
    if (event.data === '[DONE]') {
      state.complete = true
      break
    }
    const chunk = parseChunk(event, options)
    yield* takeChunk(chunk, state, options)
  }
  if (!state.complete && state.finishReason === undefined)
    throw new ApiCallError({
      endpoint: options.endpoint,
      retryable: true,
      problem: 'the stream ended before the answer',
    })
  for (const call of [...state.calls].sort(([a], [b]) => a - b).map(([, value]) => value))
    yield { type: 'tool-call', toolCall: toolCall(call.id, call.name, call.arguments) }
  yield {
    type: 'finish',
    finishReason: state.finishReason ?? 'other',
    usage: state.usage ?? options.estimateUsage(state.text, state.tokenCount),
  }
}

function parseChunk(event: ServerEvent, options: StreamReaderOptions): Record<string, unknown> {
  let chunk: unknown
  try {
    chunk = JSON.parse(event.data)
  } catch {
    chunk = undefined
  }
  const failed = event.event === 'error' || (isRecord(chunk) && chunk.error !== undefined && chunk.error !== null)
  if (isRecord(chunk) && !failed) return chunk
  const body = options.redact(event.data)
  throw new ApiCallError({
    endpoint: options.endpoint,
    retryable: false,
    problem: failed
      ? `the server broke off: ${errorMessage(body) ?? body.slice(0, 300)}`
      : 'an event is no JSON object',
    body: body.slice(0, 2_000),
  })
}

function* takeChunk(
  chunk: Record<string, unknown>,
  state: StreamState,
  options: StreamReaderOptions,
): Generator<StreamPart> {
  const usage = readUsage(chunk.usage)
  if (usage) state.usage = usage
  const choice = Array.isArray(chunk.choices) ? chunk.choices.find(isRecord) : undefined
  if (!choice) return
  const delta = isRecord(choice.delta) ? choice.delta : undefined
  collectToolCalls(delta?.tool_calls, state)
  const text = delta ? readContent(delta.content) : typeof choice.text === 'string' ? choice.text : ''
  const logprobs = readLogprobs(choice.logprobs) ?? []
  if (options.logprobs && text !== '' && logprobs.length === 0) options.missingLogprobs()
  state.text += text
  state.tokenCount += logprobs.length || (text === '' ? 0 : 1)
  yield* textParts(text, logprobs)
  if (typeof choice.finish_reason === 'string')
    state.finishReason = readFinishReason(choice.finish_reason, state.calls.size > 0)
}

/** One part a token where the tokens make up the text; else the text with its first token, the others after it. */
function* textParts(text: string, logprobs: TokenLogprob[]): Generator<StreamPart> {
  const fits = logprobs.map((entry) => entry.token).join('') === text
  for (const [index, logprob] of logprobs.entries())
    yield { type: 'text-delta', text: fits ? logprob.token : index === 0 ? text : '', logprob }
  if (logprobs.length === 0 && text !== '') yield { type: 'text-delta', text }
}

function collectToolCalls(value: unknown, state: StreamState): void {
  if (!Array.isArray(value)) return
  for (const piece of value.filter(isRecord)) {
    const index = typeof piece.index === 'number' ? piece.index : state.calls.size
    const called = isRecord(piece.function) ? piece.function : {}
    const call = state.calls.get(index) ?? { id: '', name: '', arguments: '' }
    if (typeof piece.id === 'string' && piece.id !== '') call.id = piece.id
    if (call.id === '') call.id = `call_${index}`
    if (typeof called.name === 'string') call.name += called.name
    if (typeof called.arguments === 'string') call.arguments += called.arguments
    else if (isRecord(called.arguments)) call.arguments = JSON.stringify(called.arguments)
    state.calls.set(index, call)
  }
}
