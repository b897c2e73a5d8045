/** @file The fields that chats and completions share, as parts of a `GenerateRequest`. */
import type { JsonValue } from '../capability/json-value.ts'
import type { GenerateRequest } from '../capability/language-model.ts'
import { checkArgument, checkOneOf } from '../check/check-argument.ts'
import type { RequestFields } from './request-fields.ts'
import type { ServerLimits } from './server-options.ts'

/** Fields that identify or route a request and change nothing about the answer. */
export const harmlessFields = [
  'user',
  'store',
  'metadata',
  'service_tier',
  'safety_identifier',
  'request_id',
  'priority',
]

/** Reads the sampling fields. */
export function samplingOptions(fields: RequestFields, limits: ServerLimits, temperature: number): GenerateRequest {
  const topK = fields.integer('top_k', { min: -1 })
  const options: GenerateRequest = {
    temperature: fields.number('temperature', { min: 0, max: 100 }) ?? temperature,
    ...optional('topP', fields.number('top_p', { min: 0, max: 1 })),
    // -1 and 0 both mean "all" to servers of this kind
    ...optional('topK', topK !== undefined && topK > 0 ? topK : undefined),
    ...optional('minP', positive(fields.number('min_p', { min: 0, max: 1 }))),
    ...optional('repetitionPenalty', fields.number('repetition_penalty', { min: 0.01, max: 100 })),
    ...optional('frequencyPenalty', fields.number('frequency_penalty', { min: -2, max: 2 })),
    ...optional('presencePenalty', fields.number('presence_penalty', { min: -2, max: 2 })),
    ...optional('stop', stopStrings(fields.any('stop'))),
    ...optional('seed', fields.integer('seed')),
    ...optional('n', fields.integer('n', { min: 1, max: limits.choices })),
    ...optional('responseSchema', responseSchema(fields)),
    ...optional('cacheKey', fields.text('prompt_cache_key')),
    ...optional('policy', policyField(fields)),
  }
  const accuracy = fields.text('accuracy')
  if (accuracy !== undefined) options.accuracy = checkOneOf(accuracy, 'accuracy', ['exact', 'fast'])
  fields.only('logit_bias', [{}])
  return options
}

/** An object with one member, or none for undefined. */
export function optional<K extends string, V>(name: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [name]: value }) as { [P in K]?: V }
}

/** A key-value cache policy by name: `"full"`, or `{"name": "snap-kv", "budget": 1024}`. The model knows which there are. */
function policyField(fields: RequestFields): unknown {
  const value = fields.any('policy')
  return typeof value === 'string' ? value : fields.record('policy')
}

function positive(value: number | undefined): number | undefined {
  return value === undefined || value > 0 ? value : undefined
}

function stopStrings(value: unknown): string[] | undefined {
  if (value === undefined) return undefined
  const list = typeof value === 'string' ? [value] : value
  checkArgument(
    Array.isArray(list) && list.length <= 16 && list.every((text) => typeof text === 'string' && text !== ''),
    'stop',
    value,
    'a non-empty string or at most 16 of them',
  )
  return list.length === 0 ? undefined : list
}

function responseSchema(fields: RequestFields): JsonValue | undefined {
  const format = fields.object('response_format')
  if (!format) return undefined
  const type = checkOneOf(format.any('type'), 'response_format.type', ['text', 'json_object', 'json_schema'])
  if (type === 'text') return undefined
  if (type === 'json_object') return { type: 'object' }
  const schema = format.object('json_schema')?.record('schema')
  checkArgument(schema !== undefined, 'response_format.json_schema.schema', schema, 'a JSON Schema')
  return schema as JsonValue
}
