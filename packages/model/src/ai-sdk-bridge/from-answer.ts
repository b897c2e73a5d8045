/** @file Answers of AI SDK models as results of lc: text, tool calls, finish reason, usage, warnings. */
import type { JsonValue } from '../capability/json-value.ts'
import type { FinishReason, Usage } from '../capability/language-model.ts'
import type { ToolCall } from '../capability/message.ts'
import { OutputParseError } from '../errors/output-parse-error.ts'
import { UnsupportedCapabilityError } from '../errors/unsupported-capability-error.ts'
import type { AiSdkFinishReason, AiSdkUsage, AiSdkWarning } from './model-specification.ts'

/** Why generation ended; `'error'`, `'unknown'` and `'interrupted'` are `'other'`. */
export function readFinishReason(reason: AiSdkFinishReason | undefined): FinishReason {
  const name = typeof reason === 'object' ? reason.unified : reason
  return name === 'stop' || name === 'length' || name === 'tool-calls' || name === 'content-filter' ? name : 'other'
}

/** The usage that was reported; what is missing is counted by the caller. */
export function readUsage(usage: AiSdkUsage | undefined, count: { prompt(): number; completion(): number }): Usage {
  const total = (side: AiSdkUsage['inputTokens']): number | undefined => (typeof side === 'object' ? side.total : side)
  const input = usage?.inputTokens
  const cachedTokens = typeof input === 'object' ? input.cacheRead : usage?.cachedInputTokens
  return {
    promptTokens: total(input) ?? count.prompt(),
    completionTokens: total(usage?.outputTokens) ?? count.completion(),
    ...(cachedTokens === undefined ? {} : { cachedTokens }),
  }
}

/**
 * A call of a tool, its arguments parsed.
 *
 * @throws OutputParseError when they are not JSON.
 */
export function readToolCall(part: {
  readonly toolCallId?: string
  readonly toolName?: string
  readonly input?: string
}): ToolCall {
  const text = part.input === undefined || part.input === '' ? '{}' : part.input
  const name = part.toolName ?? ''
  try {
    return { id: part.toolCallId ?? '', name, arguments: JSON.parse(text) as JsonValue }
  } catch (error) {
    throw new OutputParseError({ text, expected: `JSON arguments for the tool ${name}`, cause: error })
  }
}

/**
 * Hands warnings on; without a listener a setting that the model does not follow is an error, since nothing that was
 * asked for may be ignored silently.
 *
 * @throws UnsupportedCapabilityError
 */
export function heedWarnings(
  warnings: readonly AiSdkWarning[] | undefined,
  model: string,
  onWarning: ((warning: AiSdkWarning) => void) | undefined,
): void {
  for (const warning of warnings ?? []) {
    if (onWarning) onWarning(warning)
    else if (warning.type.startsWith('unsupported')) {
      const what = warning.feature ?? String(warning.setting ?? 'a setting')
      throw new UnsupportedCapabilityError({
        model,
        capability: `follow ${what}${warning.details === undefined ? '' : ` (${warning.details})`}`,
        alternatives: 'leave it out, or give onWarning to go on without it',
      })
    }
  }
}
