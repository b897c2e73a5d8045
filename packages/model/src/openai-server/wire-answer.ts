/** @file Results in the words of the protocol. */
import type { FinishReason, TokenLogprob, Usage } from '../capability/language-model.ts'
import type { ToolCall } from '../capability/message.ts'

/** The protocol has no word for other reasons. */
export function wireFinishReason(reason: FinishReason): string {
  if (reason === 'tool-calls') return 'tool_calls'
  if (reason === 'content-filter') return 'content_filter'
  return reason === 'length' ? 'length' : 'stop'
}

export function wireUsage(usage: Usage): Record<string, unknown> {
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: usage.promptTokens + usage.completionTokens,
    ...(usage.cachedTokens === undefined ? {} : { prompt_tokens_details: { cached_tokens: usage.cachedTokens } }),
  }
}

export function wireToolCall(call: ToolCall, index?: number): Record<string, unknown> {
  return {
    ...(index === undefined ? {} : { index }),
    id: call.id,
    type: 'function',
    function: { name: call.name, arguments: JSON.stringify(call.arguments) },
  }
}

/** Log-probabilities as chats have them. */
export function wireChatLogprobs(entries: readonly TokenLogprob[]): Record<string, unknown> {
  return { content: entries.map((entry) => ({ ...wireToken(entry), top_logprobs: (entry.top ?? []).map(wireToken) })) }
}

function wireToken(entry: { token: string; logprob: number }): Record<string, unknown> {
  return {
    token: entry.token,
    logprob: wireLogprob(entry.logprob),
    bytes: Array.from(new TextEncoder().encode(entry.token)),
  }
}

/** JSON has no infinities: the least number that vLLM sends stands for minus infinity, null for "unknown". */
export function wireLogprob(logprob: number): number | null {
  if (Number.isNaN(logprob)) return null
  return Math.max(logprob, -9999)
}

/** One token of a completion with log-probabilities. */
export interface CompletionToken {
  token: string
  logprob: number
  top?: TokenLogprob['top']
}

/** Log-probabilities as completions have them; offsets count characters (code points), as the protocol's authors do. */
export function wireCompletionLogprobs(tokens: readonly CompletionToken[], offset: number): Record<string, unknown> {
  let position = offset
  const offsets = tokens.map(({ token }) => {
    const start = position
    position += Array.from(token).length
    return start
  })
  return {
    tokens: tokens.map(({ token }) => token),
    token_logprobs: tokens.map(({ logprob }) => wireLogprob(logprob)),
    top_logprobs: tokens.map(({ top }) =>
      top ? Object.fromEntries(top.map((other) => [other.token, wireLogprob(other.logprob)])) : null,
    ),
    text_offset: offsets,
  }
}

/** An identifier that is unique enough to find an answer in a log. */
export function answerId(prefix: string): string {
  return `${prefix}-${crypto.randomUUID().replaceAll('-', '')}`
}

/** Seconds since 1970, as the protocol dates answers. */
export function createdNow(): number {
  return Math.floor(Date.now() / 1000)
}
