/** @file Messages and tools of a request, as ours. */
import type { JsonValue } from '../capability/json-value.ts'
import type { GenerateRequest } from '../capability/language-model.ts'
import type { Message, ToolCall, ToolDefinition } from '../capability/message.ts'
import { checkArgument, checkOneOf } from '../check/check-argument.ts'
import type { RequestFields } from './request-fields.ts'
import { fieldsOf } from './request-fields.ts'

const roles = ['system', 'developer', 'user', 'assistant', 'tool'] as const

/** The messages of a chat; text only. */
export function readMessages(fields: RequestFields): Message[] {
  const list = fields.list('messages', { min: 1, max: 100_000 })
  checkArgument(list !== undefined, 'messages', list, 'a non-empty array')
  return list.map((value, index) => readMessage(value, `messages[${index}]`))
}

function readMessage(value: unknown, path: string): Message {
  const fields = fieldsOf(value, path)
  const role = checkOneOf(fields.any('role'), `${path}.role`, roles)
  const content = readContent(fields.any('content'), `${path}.content`)
  const name = fields.text('name')
  if (role === 'tool')
    return { role, content, toolCallId: fields.requiredText('tool_call_id'), ...(name ? { name } : {}) }
  if (role === 'user') return { role, content, ...(name ? { name } : {}) }
  if (role !== 'assistant') return { role: 'system', content }
  const calls = fields.list('tool_calls', { max: 128 }) ?? []
  const toolCalls = calls.map((call, index) => readToolCall(call, `${path}.tool_calls[${index}]`))
  return { role, content, ...(toolCalls.length > 0 ? { toolCalls } : {}) }
}

function readContent(value: unknown, path: string): string {
  if (value === undefined) return ''
  if (typeof value === 'string') return value
  checkArgument(Array.isArray(value), path, value, 'a string or an array of text parts')
  return value
    .map((part: unknown, index: number) => {
      const fields = fieldsOf(part, `${path}[${index}]`)
      checkOneOf(fields.any('type'), `${path}[${index}].type`, ['text'])
      return fields.requiredText('text')
    })
    .join('')
}

function readToolCall(value: unknown, path: string): ToolCall {
  const fields = fieldsOf(value, path)
  const called = fields.object('function')
  checkArgument(called !== undefined, `${path}.function`, called, 'an object')
  const given = called.requiredText('arguments')
  return { id: fields.requiredText('id'), name: called.requiredText('name'), arguments: parseArguments(given, path) }
}

function parseArguments(text: string, path: string): JsonValue {
  try {
    return text.trim() === '' ? {} : JSON.parse(text)
  } catch {
    checkArgument(false, `${path}.function.arguments`, text, 'JSON')
  }
}

/** `tools` and `tool_choice`. */
export function readTools(fields: RequestFields): Pick<GenerateRequest, 'tools' | 'toolChoice'> {
  const list = fields.list('tools', { max: 128 })
  const choice = fields.any('tool_choice')
  const tools = list?.map((value, index) => readTool(value, `tools[${index}]`))
  fields.only('parallel_tool_calls', [true])
  return {
    ...(tools && tools.length > 0 ? { tools } : {}),
    ...(choice === undefined ? {} : { toolChoice: readToolChoice(choice, tools ?? []) }),
  }
}

function readTool(value: unknown, path: string): ToolDefinition {
  const fields = fieldsOf(value, path)
  checkOneOf(fields.any('type'), `${path}.type`, ['function'])
  const definition = fields.object('function')
  checkArgument(definition !== undefined, `${path}.function`, definition, 'an object')
  const description = definition.text('description')
  return {
    name: definition.requiredText('name'),
    ...(description === undefined ? {} : { description }),
    parameters: (definition.record('parameters') ?? { type: 'object', properties: {} }) as JsonValue,
  }
}

function readToolChoice(choice: unknown, tools: readonly ToolDefinition[]): NonNullable<GenerateRequest['toolChoice']> {
  if (typeof choice === 'string') return checkOneOf(choice, 'tool_choice', ['auto', 'none', 'required'])
  const name = fieldsOf(choice, 'tool_choice').object('function')?.text('name')
  checkArgument(
    name !== undefined && tools.some((tool) => tool.name === name),
    'tool_choice.function.name',
    name,
    'the name of one of the tools',
  )
  return { name }
}
