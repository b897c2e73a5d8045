/** @file The options of an AI SDK call as a request of lc, and what to give up, in which order, when a model refuses. */
import type { JsonValue } from '../capability/json-value.ts'
import type { GenerateRequest } from '../capability/language-model.ts'
import type { Message, ToolDefinition } from '../capability/message.ts'
import { fromPrompt } from './from-prompt.ts'
import type { AiSdkCallOptions, AiSdkTool, AiSdkWrittenWarning } from './model-specification.ts'

/** Options of lc that have no field in the AI SDK: `providerOptions.lc`. */
export interface LcProviderOptions {
  /** Log-probabilities with this many alternatives, in `providerMetadata.lc.logprobs`. */
  logprobs?: number
  minP?: number
  repetitionPenalty?: number
  cacheKey?: string
  /** A key-value cache policy by name: `{ name: 'snap-kv', budget: 1024 }`, for models that `withCachePolicy` of `@lc/kv` wraps. */
  policy?: JsonValue
  /** Defaults to true when the last message is the assistant's. */
  continueFinalMessage?: boolean
}

/** A request, and what was left out of it. */
export interface BridgedRequest {
  request: GenerateRequest
  warnings: AiSdkWrittenWarning[]
}

/** The request of a call. Tools that a provider runs itself are left out with a warning. */
export function requestOfCall(options: AiSdkCallOptions, model: string): BridgedRequest {
  const warnings: AiSdkWrittenWarning[] = []
  const messages = fromPrompt(options.prompt, model)
  const tools = (options.tools ?? []).flatMap((tool) => functionTool(tool, warnings))
  const own = (options.providerOptions?.lc ?? {}) as LcProviderOptions
  if (options.reasoning !== undefined && options.reasoning !== 'provider-default' && options.reasoning !== 'none')
    warnings.push({ type: 'unsupported', feature: 'reasoning', details: options.reasoning })
  const format = options.responseFormat
  const settings: { [K in keyof GenerateRequest]: GenerateRequest[K] | undefined } = {
    messages,
    maxTokens: options.maxOutputTokens,
    temperature: options.temperature,
    topK: options.topK,
    topP: options.topP,
    minP: own.minP,
    repetitionPenalty: own.repetitionPenalty,
    frequencyPenalty: options.frequencyPenalty,
    presencePenalty: options.presencePenalty,
    stop: options.stopSequences,
    seed: options.seed,
    logprobs: own.logprobs,
    cacheKey: own.cacheKey,
    policy: own.policy,
    tools: tools.length > 0 ? tools : undefined,
    toolChoice: tools.length > 0 ? choiceOf(options.toolChoice) : undefined,
    responseSchema: format?.type === 'json' ? ((format.schema ?? { type: 'object' }) as JsonValue) : undefined,
    continueFinalMessage: own.continueFinalMessage ?? (messages.at(-1)?.role === 'assistant' ? true : undefined),
    signal: options.abortSignal,
  }
  const given = Object.entries(settings).filter(([, value]) => value !== undefined)
  return { request: Object.fromEntries(given) as GenerateRequest, warnings }
}

function functionTool(tool: AiSdkTool, warnings: AiSdkWrittenWarning[]): ToolDefinition[] {
  if (tool.type !== 'function') {
    warnings.push({ type: 'unsupported', feature: `tool ${tool.name}`, details: 'only function tools are known' })
    return []
  }
  const { name, description, inputSchema } = tool
  const parameters = (inputSchema ?? { type: 'object' }) as JsonValue
  return [{ name, ...(description === undefined ? {} : { description }), parameters }]
}

function choiceOf(choice: AiSdkCallOptions['toolChoice']): GenerateRequest['toolChoice'] | undefined {
  if (choice === undefined) return undefined
  if (choice.type === 'tool') return { name: choice.toolName ?? '' }
  return choice.type === 'none' || choice.type === 'required' ? choice.type : 'auto'
}

const samplingOptions = [
  'topK',
  'topP',
  'minP',
  'repetitionPenalty',
  'frequencyPenalty',
  'presencePenalty',
  'seed',
  'policy',
] as const

/**
 * The same request with less, for a model that refused it: first the schema goes into the prompt, then the sampling
 * settings and the cache policy go. The AI SDK expects a warning then, not an error. Undefined when nothing is left to give up.
 */
export function withLess({ request, warnings }: BridgedRequest): BridgedRequest | undefined {
  const { responseSchema, ...rest } = request
  if (responseSchema !== undefined)
    return {
      request: { ...rest, messages: withInstruction(request.messages ?? [], responseSchema) },
      warnings: [
        ...warnings,
        { type: 'unsupported', feature: 'responseFormat', details: 'the schema is asked for in the prompt instead' },
      ],
    }
  const set = samplingOptions.filter((option) => request[option] !== undefined)
  if (set.length === 0) return undefined
  const less = { ...request }
  for (const option of set) delete less[option]
  return {
    request: less,
    warnings: [...warnings, ...set.map((feature) => ({ type: 'unsupported' as const, feature }))],
  }
}

function withInstruction(messages: readonly Message[], schema: JsonValue): Message[] {
  const instruction = `Answer with JSON only, according to this JSON Schema: ${JSON.stringify(schema)}`
  const [first, ...others] = messages
  if (first?.role === 'system') return [{ ...first, content: `${first.content}\n\n${instruction}` }, ...others]
  return [{ role: 'system', content: instruction }, ...messages]
}
