import type { Message } from '@lc/model'

/** Messages as text, for counting: role, call ids and names, contents and arguments, so that none of them is free. */
export function renderMessages(messages: readonly Message[]): string {
  return messages.map(renderMessage).join('\n')
}

function renderMessage(message: Message): string {
  const head = message.role === 'tool' ? `tool ${message.name ?? ''} ${message.toolCallId}` : message.role
  const calls = message.role === 'assistant' && message.toolCalls ? `\n${JSON.stringify(message.toolCalls)}` : ''
  return `${head}\n${message.content}${calls}\n`
}
