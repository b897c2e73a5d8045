/** @file Generation requests as the bodies of `/chat/completions` and `/completions`. Nothing is left out silently. */
import type { JsonObject } from '../capability/json-value.ts'
import type { GenerateRequest } from '../capability/language-model.ts'
import type { Message, ToolDefinition } from '../capability/message.ts'
import { checkArgument, checkInteger, checkNumber } from '../check/check-argument.ts'
import { UnsupportedCapabilityError } from '../errors/unsupported-capability-error.ts'
import type { RequestBody } from './connection.ts'
import type { DialectTraits } from './server-dialect.ts'

const known: ReadonlySet<string> = new Set<keyof GenerateRequest>([
  'messages',
  'prompt',
  'maxTokens',
  'temperature',
  'topK',
  'topP',
  'minP',
  'repetitionPenalty',
  'frequencyPenalty',
  'presencePenalty',
  'stop',
  'seed',
  'n',
  'logprobs',
  'tools',
  'toolChoice',
  'responseSchema',
  'continueFinalMessage',
  'cacheKey',
  'policy',
  'accuracy',
  'timeoutMs',
  'signal',
  'onProgress',
])

/** Throws `InvalidArgumentError` for bad values and `UnsupportedCapabilityError` for what no server is asked. */
export function checkRequest(request: GenerateRequest, model: string): void {
  for (const [name, value] of Object.entries(request))
    if (value !== undefined && (name === 'policy' || !known.has(name)))
      throw new UnsupportedCapabilityError({ model, capability: `take the field ${name} of a request` })
  const { messages, prompt } = request
  checkArgument(
    (messages === undefined) !== (prompt === undefined),
    'messages',
    messages === undefined ? 'neither messages nor a prompt' : 'both messages and a prompt',
    'given exactly when there is no prompt',
  )
  if (messages) checkArgument(messages.length > 0, 'messages', messages, 'a non-empty array')
  checkRanges(request)
  if (request.continueFinalMessage)
    checkArgument(
      messages?.at(-1)?.role === 'assistant',
      'continueFinalMessage',
      true,
      "true only when the last message is the assistant's",
    )
}

function checkRanges(request: GenerateRequest): void {
  const integers = [
    ['maxTokens', 1],
    ['topK', 0],
    ['n', 1],
    ['logprobs', 0],
  ] as const
  for (const [name, min] of integers) if (request[name] !== undefined) checkInteger(request[name], name, { min })
  if (request.seed !== undefined) checkInteger(request.seed, 'seed')
  const numbers = ['temperature', 'topP', 'minP', 'repetitionPenalty'] as const
  for (const name of numbers) if (request[name] !== undefined) checkNumber(request[name], name, { min: 0 })
  for (const name of ['frequencyPenalty', 'presencePenalty'] as const)
    if (request[name] !== undefined) checkNumber(request[name], name)
}

/** Whether the body depends on which server it is, so that an unknown server must be asked first. */
export function dependsOnDialect(request: GenerateRequest): boolean {
  const { topK, minP, repetitionPenalty, continueFinalMessage, cacheKey, accuracy, responseSchema } = request
  return (
    [topK, minP, repetitionPenalty, cacheKey, accuracy, responseSchema].some((value) => value !== undefined) ||
    continueFinalMessage === true
  )
}

/** The body of `/chat/completions`. */
export function chatBody(request: GenerateRequest, model: string, traits: DialectTraits): RequestBody {
  const { messages = [], tools, toolChoice, logprobs } = request
  return {
    model,
    messages: messages.map(wireMessage),
    ...samplingFields(request, model, traits),
    ...(tools && tools.length > 0 ? { tools: tools.map(wireTool) } : {}),
    ...(toolChoice === undefined ? {} : { tool_choice: wireToolChoice(toolChoice) }),
    ...(logprobs === undefined ? {} : { logprobs: true, ...(logprobs > 0 ? { top_logprobs: logprobs } : {}) }),
    ...schemaField(request, model, traits),
    ...(request.continueFinalMessage ? mustHave(traits.continueFinalMessage, model, 'continue a started message') : {}),
  }
}

/** The body of `/completions`. */
export function completionBody(request: GenerateRequest, model: string, traits: DialectTraits): RequestBody {
  const refuse = (capability: string): never => {
    throw new UnsupportedCapabilityError({ model, capability, alternatives: 'pass messages instead of a prompt' })
  }
  if (request.tools?.length || request.toolChoice !== undefined) refuse('call tools from a raw prompt')
  if (request.responseSchema !== undefined && !traits.completionSchema) refuse('constrain a raw prompt to a schema')
  return {
    model,
    prompt: request.prompt,
    ...samplingFields(request, model, traits),
    ...(request.logprobs === undefined ? {} : { logprobs: request.logprobs }),
    ...schemaField(request, model, traits),
  }
}

function samplingFields(request: GenerateRequest, model: string, traits: DialectTraits): JsonObject {
  const fields: JsonObject = {}
  const put = (name: string | undefined, value: JsonObject[string] | undefined, capability: string, when = true) => {
    if (value === undefined) return
    if (name === undefined || !when) throw new UnsupportedCapabilityError({ model, capability })
    fields[name] = value
  }
  put('max_tokens', request.maxTokens, '')
  put('temperature', request.temperature, '')
  put('top_p', request.topP, '')
  put('stop', request.stop && request.stop.length > 0 ? [...request.stop] : undefined, '')
  put('seed', request.seed, 'take a seed')
  put('n', request.n === 1 ? undefined : request.n, 'give several answers', traits.choices)
  put('frequency_penalty', request.frequencyPenalty, 'apply a frequency penalty', traits.penalties)
  put('presence_penalty', request.presencePenalty, 'apply a presence penalty', traits.penalties)
  put(traits.topK, request.topK, 'sample with top-k (as far as its dialect is known)')
  put(traits.minP, request.minP, 'sample with min-p (as far as its dialect is known)')
  put(
    traits.repetitionPenalty,
    request.repetitionPenalty,
    'apply a repetition penalty (as far as its dialect is known)',
  )
  put(traits.accuracy, request.accuracy, 'choose an accuracy')
  // where a server has no field for it, it reuses common prefixes without being asked
  if (traits.cacheKey) put(traits.cacheKey, request.cacheKey, '')
  if (request.logprobs !== undefined && !traits.logprobs)
    throw new UnsupportedCapabilityError({ model, capability: 'report log-probabilities' })
  return fields
}

function mustHave(fields: JsonObject | undefined, model: string, capability: string): JsonObject {
  if (!fields)
    throw new UnsupportedCapabilityError({ model, capability: `${capability} (as far as its dialect is known)` })
  return fields
}

function schemaField(request: GenerateRequest, model: string, traits: DialectTraits): JsonObject {
  const { responseSchema: schema } = request
  if (schema === undefined) return {}
  if (traits.schema === undefined)
    throw new UnsupportedCapabilityError({ model, capability: 'bind an answer to a schema' })
  if (traits.schema === 'json_object') return { response_format: { type: 'json_object', schema } }
  return { response_format: { type: 'json_schema', json_schema: { name: 'response', strict: true, schema } } }
}

function wireMessage(message: Message): JsonObject {
  if (message.role === 'tool') return { role: 'tool', tool_call_id: message.toolCallId, content: message.content }
  if (message.role === 'assistant' && message.toolCalls?.length)
    return {
      role: 'assistant',
      content: message.content,
      tool_calls: message.toolCalls.map((call) => ({
        id: call.id,
        type: 'function',
        function: { name: call.name, arguments: JSON.stringify(call.arguments) },
      })),
    }
  const name = message.role === 'user' && message.name !== undefined ? { name: message.name } : {}
  return { role: message.role, content: message.content, ...name }
}

function wireTool(tool: ToolDefinition): JsonObject {
  const description = tool.description === undefined ? {} : { description: tool.description }
  return { type: 'function', function: { name: tool.name, ...description, parameters: tool.parameters } }
}

function wireToolChoice(choice: NonNullable<GenerateRequest['toolChoice']>): JsonObject | string {
  return typeof choice === 'string' ? choice : { type: 'function', function: { name: choice.name } }
}
