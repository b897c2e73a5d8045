import type { JsonObject } from '../capability/json-value.ts'
import type { GenerateRequest } from '../capability/language-model.ts'
import { checkArgument, checkInteger } from '../check/check-argument.ts'
import { UnsupportedCapabilityError } from '../errors/unsupported-capability-error.ts'
import type { AiSdkWrittenCall } from './model-specification.ts'
import { toPrompt } from './to-prompt.ts'

/** What a call needs besides the request. */
export interface ToCallOptions {
  /** Names the model in errors. */
  model: string
  signal: AbortSignal
  finalMessage?: 'continued' | 'unsupported'
  providerOptions?: NonNullable<AiSdkWrittenCall['providerOptions']>
  headers?: Record<string, string | undefined>
}

/**
 * A request of lc as the options of an AI SDK call.
 *
 * @throws UnsupportedCapabilityError for what the AI SDK has no field for.
 */
export function toCall(request: GenerateRequest, options: ToCallOptions): AiSdkWrittenCall {
  const { messages, prompt } = request
  checkArgument(
    (messages === undefined) !== (prompt === undefined),
    'request',
    request,
    'a request with exactly one of messages and prompt',
  )
  if (request.maxTokens !== undefined) checkInteger(request.maxTokens, 'maxTokens', { min: 1 })
  refuseUnknown(request, options)
  return {
    prompt: toPrompt(messages ?? []),
    abortSignal: options.signal,
    ...samplingOf(request),
    ...structureOf(request),
    ...(options.providerOptions === undefined ? {} : { providerOptions: options.providerOptions }),
    ...(options.headers === undefined ? {} : { headers: options.headers }),
  }
}

function samplingOf(request: GenerateRequest): Partial<AiSdkWrittenCall> {
  const settings = {
    maxOutputTokens: request.maxTokens,
    temperature: request.temperature,
    topP: request.topP,
    topK: request.topK,
    seed: request.seed,
    presencePenalty: request.presencePenalty,
    frequencyPenalty: request.frequencyPenalty,
    stopSequences: request.stop === undefined ? undefined : [...request.stop],
  }
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
}

function structureOf({ tools, toolChoice, responseSchema }: GenerateRequest): Partial<AiSdkWrittenCall> {
  const call: Partial<AiSdkWrittenCall> = {}
  if (responseSchema !== undefined) call.responseFormat = { type: 'json', schema: responseSchema as JsonObject }
  if (tools !== undefined && tools.length > 0)
    call.tools = tools.map(({ name, description, parameters }) => ({
      type: 'function',
      name,
      ...(description === undefined ? {} : { description }),
      inputSchema: parameters as JsonObject,
    }))
  if (toolChoice !== undefined)
    call.toolChoice =
      typeof toolChoice === 'object' ? { type: 'tool', toolName: toolChoice.name } : { type: toolChoice }
  return call
}

function refuseUnknown(request: GenerateRequest, options: ToCallOptions): void {
  const continued = request.continueFinalMessage === true && options.finalMessage !== 'continued'
  const refused: readonly (readonly [boolean, string, string])[] = [
    [request.prompt !== undefined, 'continue a raw prompt', 'give messages'],
    [request.logprobs !== undefined, 'report log-probabilities', 'use openaiCompatible or a local model'],
    [request.minP !== undefined && request.minP > 0, 'sample with minP', 'use topP'],
    [(request.repetitionPenalty ?? 1) !== 1, 'penalise repetition', 'use frequencyPenalty or presencePenalty'],
    [request.policy !== undefined, 'use a cache policy', 'use a local model'],
    [continued, 'continue the final message', "say finalMessage: 'continued' if this provider does"],
  ]
  for (const [asked, capability, alternatives] of refused)
    if (asked) throw new UnsupportedCapabilityError({ model: options.model, capability, alternatives })
}
