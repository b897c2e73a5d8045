import type { Message } from '../capability/message.ts'
import type { AiSdkWrittenMessage } from './prompt-specification.ts'

/** Messages of lc as a prompt of the AI SDK. The names of tools are looked up where only the id of a call is known. */
export function toPrompt(messages: readonly Message[]): AiSdkWrittenMessage[] {
  const toolNames = new Map<string, string>()
  return messages.map((message) => toPromptMessage(message, toolNames))
}

function toPromptMessage(message: Message, toolNames: Map<string, string>): AiSdkWrittenMessage {
  switch (message.role) {
    case 'system':
      return { role: 'system', content: message.content }
    case 'user':
      return { role: 'user', content: [{ type: 'text', text: message.content }] }
    case 'assistant': {
      const calls = message.toolCalls ?? []
      for (const call of calls) toolNames.set(call.id, call.name)
      return {
        role: 'assistant',
        content: [
          ...(message.content === '' ? [] : [{ type: 'text' as const, text: message.content }]),
          ...calls.map((call) => ({
            type: 'tool-call' as const,
            toolCallId: call.id,
            toolName: call.name,
            input: call.arguments,
          })),
        ],
      }
    }
    case 'tool':
      return {
        role: 'tool',
        content: [
          {
            type: 'tool-result',
            toolCallId: message.toolCallId,
            toolName: message.name ?? toolNames.get(message.toolCallId) ?? 'tool',
            output: { type: 'text', value: message.content },
          },
        ],
      }
  }
}
