/** @file `POST /v1/chat/completions`. */
import type { Choice, GenerateRequest, LanguageModel } from '../capability/language-model.ts'
import { checkArgument } from '../check/check-argument.ts'
import { UnsupportedCapabilityError } from '../errors/unsupported-capability-error.ts'
import { readMessages, readTools } from './chat-messages.ts'
import { harmlessFields, optional, samplingOptions } from './sampling-fields.ts'
import type { EndpointAnswer, ServedRequest } from './served-request.ts'
import { answerId, createdNow, wireChatLogprobs, wireFinishReason, wireToolCall, wireUsage } from './wire-answer.ts'

/** Answers a chat. */
export async function chatEndpoint(served: ServedRequest): Promise<EndpointAnswer> {
  const { fields, model, name, signal } = served
  const languageModel = requireLanguageModel(model.languageModel, name)
  const stream = fields.boolean('stream') ?? false
  const includeUsage = fields.object('stream_options')?.boolean('include_usage') ?? false
  const request = chatRequest(served)
  fields.finish([...harmlessFields, 'return_token_ids', 'add_special_tokens'])
  if (stream) {
    checkArgument((request.n ?? 1) === 1, 'n', request.n, '1 in a stream')
    return { events: chatChunks(languageModel, { ...request, signal }, name, includeUsage) }
  }
  const result = await languageModel.generate({ ...request, signal })
  const choices = (result.choices ?? [result]).map((choice, index) => wireChoice(choice, index, request))
  const head = { id: answerId('chatcmpl'), object: 'chat.completion', created: createdNow(), model: name }
  return { json: { ...head, choices, usage: wireUsage(result.usage) } }
}

/** The model that generates, or the refusal. */
export function requireLanguageModel(model: LanguageModel | undefined, name: string): LanguageModel {
  if (!model) throw new UnsupportedCapabilityError({ model: name, capability: 'generate' })
  return model
}

function chatRequest(served: ServedRequest): GenerateRequest {
  const { fields, limits, options } = served
  const messages = readMessages(fields)
  const maxTokens = fields.integer('max_completion_tokens', { min: 1 }) ?? fields.integer('max_tokens', { min: 1 })
  // both names may be given; the newer one counts
  fields.any('max_tokens')
  const logprobs = fields.boolean('logprobs') ?? false
  const top = fields.integer('top_logprobs', { min: 0, max: 20 })
  checkArgument(top === undefined || logprobs, 'top_logprobs', top, 'absent unless logprobs is true')
  const continueFinal = fields.boolean('continue_final_message') ?? false
  const opens = fields.boolean('add_generation_prompt') ?? !continueFinal
  checkArgument(opens !== continueFinal, 'add_generation_prompt', opens, 'the opposite of continue_final_message')
  checkArgument(
    !continueFinal || messages.at(-1)?.role === 'assistant',
    'continue_final_message',
    true,
    "false unless the last message is the assistant's",
  )
  return {
    messages,
    // without a wish the model takes what is left of its context, at most 1,024
    ...optional('maxTokens', boundedTokens(maxTokens, limits.completionTokens)),
    ...samplingOptions(fields, limits, options.temperature ?? 1),
    ...readTools(fields),
    ...optional('logprobs', logprobs ? (top ?? 0) : undefined),
    ...(continueFinal ? { continueFinalMessage: true } : {}),
  }
}

function boundedTokens(wanted: number | undefined, limit: number): number | undefined {
  if (wanted !== undefined) return Math.min(wanted, limit)
  return limit < 1024 ? limit : undefined
}

function wireChoice(choice: Choice, index: number, request: GenerateRequest): Record<string, unknown> {
  const calls = choice.toolCalls?.map((call) => wireToolCall(call))
  return {
    index,
    message: { role: 'assistant', content: choice.text, ...(calls && calls.length > 0 ? { tool_calls: calls } : {}) },
    logprobs: request.logprobs === undefined ? null : wireChatLogprobs(choice.logprobs ?? []),
    finish_reason: wireFinishReason(choice.finishReason),
  }
}

async function* chatChunks(
  model: LanguageModel,
  request: GenerateRequest,
  name: string,
  includeUsage: boolean,
): AsyncGenerator<Record<string, unknown>> {
  const head = { id: answerId('chatcmpl'), object: 'chat.completion.chunk', created: createdNow(), model: name }
  const chunk = (delta: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
    ...head,
    choices: [{ index: 0, delta, finish_reason: null, ...more }],
  })
  let begun = false
  let toolCallCount = 0
  for await (const part of model.stream(request)) {
    // after the first part of the model, so that its refusals come before the stream has begun
    if (!begun) yield chunk({ role: 'assistant', content: '' })
    begun = true
    if (part.type === 'text-delta') {
      if (part.text === '' && !part.logprob) continue
      yield chunk({ content: part.text }, part.logprob ? { logprobs: wireChatLogprobs([part.logprob]) } : {})
    } else if (part.type === 'tool-call') yield chunk({ tool_calls: [wireToolCall(part.toolCall, toolCallCount++)] })
    else {
      yield chunk({}, { finish_reason: wireFinishReason(part.finishReason) })
      if (includeUsage) yield { ...head, choices: [], usage: wireUsage(part.usage) }
    }
  }
}
