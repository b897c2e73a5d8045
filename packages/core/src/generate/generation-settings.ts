/** @file The options of a generation request, checked and with their defaults. */
import type { GenerateRequest } from '@lc/model'
import { checkArgument, checkInteger, checkNumber } from '@lc/model/check'
import type { PenaltySettings } from './penalties.ts'
import type { SamplerSettings } from './sampler.ts'

/** Settings of a generation. */
export interface GenerationSettings {
  readonly maxTokens: number | undefined
  readonly sampler: SamplerSettings
  readonly penalties: PenaltySettings
  readonly stop: readonly string[]
  readonly seed: number | undefined
  readonly n: number
  /** Top alternatives per token; undefined for no log-probabilities. */
  readonly logprobs: number | undefined
}

/** @throws InvalidArgumentError for options out of their range. */
export function readGenerationSettings(request: GenerateRequest): GenerationSettings {
  const { messages, prompt, stop = [] } = request
  const one = (messages === undefined) !== (prompt === undefined)
  checkArgument(one, 'request', Object.keys(request), 'a request with exactly one of messages and prompt')
  checkArgument(
    stop.every((each) => typeof each === 'string' && each !== ''),
    'stop',
    stop,
    'non-empty strings',
  )
  if (request.continueFinalMessage) {
    const last = messages?.at(-1)?.role
    checkArgument(last === 'assistant', 'continueFinalMessage', last, 'given with a last message of the assistant')
  }
  const most = { min: 1, max: Number.MAX_SAFE_INTEGER }
  return {
    maxTokens: request.maxTokens === undefined ? undefined : checkInteger(request.maxTokens, 'maxTokens', most),
    sampler: {
      temperature: checkNumber(request.temperature ?? 0, 'temperature', { min: 0, max: 100 }),
      topK: checkInteger(request.topK ?? 0, 'topK', { min: 0 }),
      topP: checkNumber(request.topP ?? 1, 'topP', { min: 0, max: 1 }),
      minP: checkNumber(request.minP ?? 0, 'minP', { min: 0, max: 1 }),
    },
    penalties: {
      repetition: checkNumber(request.repetitionPenalty ?? 1, 'repetitionPenalty', { min: 0.01, max: 100 }),
      frequency: checkNumber(request.frequencyPenalty ?? 0, 'frequencyPenalty', { min: -100, max: 100 }),
      presence: checkNumber(request.presencePenalty ?? 0, 'presencePenalty', { min: -100, max: 100 }),
    },
    stop,
    seed: request.seed === undefined ? undefined : checkInteger(request.seed, 'seed'),
    n: checkInteger(request.n ?? 1, 'n', { min: 1, max: 128 }),
    logprobs:
      request.logprobs === undefined ? undefined : checkInteger(request.logprobs, 'logprobs', { min: 0, max: 100 }),
  }
}
