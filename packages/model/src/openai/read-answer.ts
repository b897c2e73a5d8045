/** @file The answers of `/chat/completions` and `/completions` as results. */
import type { Choice, FinishReason, TokenLogprob, Usage } from '../capability/language-model.ts'
import type { ToolCall } from '../capability/message.ts'
import { OutputParseError } from '../errors/output-parse-error.ts'
import { isRecord } from './server-dialect.ts'

/** The choices of an answer in the order of their indices. */
export function readChoices(body: Record<string, unknown>): Choice[] {
  const choices = Array.isArray(body.choices) ? body.choices.filter(isRecord) : []
  return [...choices].sort((a, b) => Number(a.index ?? 0) - Number(b.index ?? 0)).map(readChoice)
}

function readChoice(choice: Record<string, unknown>): Choice {
  const message = isRecord(choice.message) ? choice.message : undefined
  const toolCalls = readToolCalls(message?.tool_calls)
  const logprobs = readLogprobs(choice.logprobs)
  const ids = readIds(choice.token_ids)
  return {
    text: message ? readContent(message.content) : typeof choice.text === 'string' ? choice.text : '',
    finishReason: readFinishReason(choice.finish_reason, toolCalls.length > 0),
    ...(toolCalls.length > 0 ? { toolCalls } : {}),
    ...(logprobs ? { logprobs } : {}),
    ...(ids ? { ids } : {}),
  }
}

/** Token ids in an answer; undefined when there are none. */
export function readIds(value: unknown): Uint32Array | undefined {
  if (!Array.isArray(value) || !value.every((id) => Number.isInteger(id) && id >= 0)) return undefined
  return Uint32Array.from(value as number[])
}

/** Message content: text, or parts of which those with text count. */
export function readContent(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content.map((part) => (isRecord(part) && typeof part.text === 'string' ? part.text : '')).join('')
}

/** The finish reasons of the protocol and of its dialects. */
export function readFinishReason(reason: unknown, hasToolCalls: boolean): FinishReason {
  if (reason === 'tool_calls' || reason === 'function_call') return 'tool-calls'
  // some servers say "stop" although tools are called
  if (reason === 'stop' || reason === 'eos_token' || reason === 'stop_sequence')
    return hasToolCalls ? 'tool-calls' : 'stop'
  if (reason === 'length') return 'length'
  if (reason === 'content_filter') return 'content-filter'
  return 'other'
}

function readToolCalls(value: unknown): ToolCall[] {
  if (!Array.isArray(value)) return []
  return value.filter(isRecord).map((call, index) => {
    const called = isRecord(call.function) ? call.function : {}
    return toolCall(String(call.id ?? `call_${index}`), String(called.name ?? ''), called.arguments)
  })
}

/** A call with its arguments parsed. Some servers send them as an object. */
export function toolCall(id: string, name: string, given: unknown): ToolCall {
  if (typeof given !== 'string') return { id, name, arguments: (given ?? {}) as ToolCall['arguments'] }
  try {
    return { id, name, arguments: given.trim() === '' ? {} : JSON.parse(given) }
  } catch (error) {
    throw new OutputParseError({ text: given, expected: `JSON arguments for the tool ${name}`, cause: error })
  }
}

/** Both forms of log-probabilities: `content` entries (chat) and parallel arrays (completions). */
export function readLogprobs(value: unknown): TokenLogprob[] | undefined {
  if (!isRecord(value)) return undefined
  if (Array.isArray(value.content)) return value.content.filter(isRecord).map(readContentLogprob)
  if (!Array.isArray(value.tokens) || !Array.isArray(value.token_logprobs)) return undefined
  const { tokens, token_logprobs: logprobs, top_logprobs: tops } = value
  return tokens.map((token, index) => {
    const top = Array.isArray(tops) && isRecord(tops[index]) ? readTopRecord(tops[index]) : undefined
    return { token: String(token), logprob: readNumber(logprobs[index]), ...(top ? { top } : {}) }
  })
}

function readContentLogprob(entry: Record<string, unknown>): TokenLogprob {
  const top = Array.isArray(entry.top_logprobs)
    ? entry.top_logprobs
        .filter(isRecord)
        .map((other) => ({ token: String(other.token), logprob: readNumber(other.logprob) }))
    : []
  return {
    token: String(entry.token),
    logprob: readNumber(entry.logprob),
    ...(top.length > 0 ? { top } : {}),
  }
}

function readTopRecord(record: Record<string, unknown>): NonNullable<TokenLogprob['top']> {
  return Object.entries(record)
    .map(([token, logprob]) => ({ token, logprob: readNumber(logprob) }))
    .sort((a, b) => b.logprob - a.logprob)
}

function readNumber(value: unknown): number {
  return typeof value === 'number' ? value : Number.NaN
}

/** Token counts; undefined when the server gives none. */
export function readUsage(value: unknown): Usage | undefined {
  if (!isRecord(value) || typeof value.prompt_tokens !== 'number') return undefined
  const details = isRecord(value.prompt_tokens_details) ? value.prompt_tokens_details : undefined
  const cached = details?.cached_tokens
  return {
    promptTokens: value.prompt_tokens,
    completionTokens: typeof value.completion_tokens === 'number' ? value.completion_tokens : 0,
    ...(typeof cached === 'number' ? { cachedTokens: cached } : {}),
  }
}
