/**
 * @file The prompt of an AI SDK call as plain types, wide enough for versions 2, 3 and 4 of the provider specification
 * (`@ai-sdk/provider`), narrow enough for what lc writes.
 */

/** A part of a message, of any kind. */
export interface AiSdkPromptPart {
  readonly type: string
  readonly text?: string
  readonly toolCallId?: string
  readonly toolName?: string
  readonly input?: unknown
  readonly output?: unknown
  readonly filename?: string | undefined
  readonly mediaType?: string | undefined
  readonly data?: unknown
}

/** A message of a prompt, as it comes from the AI SDK. */
export interface AiSdkPromptMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool'
  readonly content: string | readonly AiSdkPromptPart[]
}

/** Text in a message, as lc writes it. */
export interface AiSdkTextPart {
  type: 'text'
  text: string
}

/** A call of a tool in an assistant's message, as lc writes it. */
export interface AiSdkToolCallPart {
  type: 'tool-call'
  toolCallId: string
  toolName: string
  input: unknown
}

/** What a tool gave, as lc writes it. */
export interface AiSdkToolResultPart {
  type: 'tool-result'
  toolCallId: string
  toolName: string
  output: { type: 'text'; value: string }
}

/** A message of a prompt, as lc writes it: the common part of all versions. */
export type AiSdkWrittenMessage =
  | { role: 'system'; content: string }
  | { role: 'user'; content: AiSdkTextPart[] }
  | { role: 'assistant'; content: (AiSdkTextPart | AiSdkToolCallPart)[] }
  | { role: 'tool'; content: AiSdkToolResultPart[] }
