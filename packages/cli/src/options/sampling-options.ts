/** @file The options by which commands steer generation. */
import type { GenerateRequest } from '@lc/model'
import { integerOption, numberOption, textsOption, withDefault } from './option.ts'
import type { OptionValues } from './parse-options.ts'

/** How tokens are chosen and when generation ends. */
export const samplingOptions = {
  maxTokens: withDefault(integerOption({ placeholder: 'N', description: 'tokens to generate at most', min: 1 }), 256),
  temperature: withDefault(
    numberOption({ placeholder: 'T', description: '0 takes the likeliest token', min: 0, max: 100 }),
    0,
  ),
  topK: integerOption({ placeholder: 'K', description: 'sample among the K likeliest tokens', min: 1 }),
  topP: numberOption({
    placeholder: 'P',
    description: 'sample among the likeliest tokens of joint probability P',
    min: 0,
    max: 1,
  }),
  minP: numberOption({ placeholder: 'P', description: 'drop tokens below P times the likeliest', min: 0, max: 1 }),
  repetitionPenalty: numberOption({
    placeholder: 'R',
    description: 'above 1 makes repetition less likely',
    min: 0.01,
    max: 100,
  }),
  stop: textsOption({ placeholder: 'TEXT', description: 'end before this text' }),
  seed: integerOption({ placeholder: 'N', description: 'makes sampling repeatable' }),
}

/** The part of a request that these options say. */
export function samplingRequest(options: OptionValues<typeof samplingOptions>): GenerateRequest {
  const { maxTokens, temperature, topK, topP, minP, repetitionPenalty, stop, seed } = options
  const optional = { topK, topP, minP, repetitionPenalty, seed, stop: stop.length > 0 ? stop : undefined }
  const given = Object.entries(optional).filter(([, value]) => value !== undefined)
  return { maxTokens, temperature, ...Object.fromEntries(given) }
}
