import type { JsonValue } from './json-value.ts'

/** A call of a tool that a model asks for. */
export interface ToolCall {
  id: string
  name: string
  /** Parsed arguments. */
  arguments: JsonValue
}

/** A message of a chat. */
export type Message =
  | { role: 'system'; content: string }
  | { role: 'user'; content: string; name?: string }
  | { role: 'assistant'; content: string; toolCalls?: ToolCall[] }
  | { role: 'tool'; content: string; toolCallId: string; name?: string }

/** A tool that a model may call. */
export interface ToolDefinition {
  name: string
  description?: string
  /** JSON Schema of the arguments. */
  parameters: JsonValue
}
