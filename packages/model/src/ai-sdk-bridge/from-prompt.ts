import type { JsonValue } from '../capability/json-value.ts'
import type { Message, ToolCall } from '../capability/message.ts'
import { UnsupportedCapabilityError } from '../errors/unsupported-capability-error.ts'
import { fileText } from './file-text.ts'
import type { AiSdkPromptMessage, AiSdkPromptPart } from './prompt-specification.ts'

/**
 * A prompt of the AI SDK as messages of lc. Attached text files become text under their name; reasoning of earlier turns
 * is left out, as chat templates do.
 *
 * @throws UnsupportedCapabilityError for a file that is not text.
 */
export function fromPrompt(prompt: readonly AiSdkPromptMessage[], model: string): Message[] {
  return prompt.flatMap((message): Message[] => {
    const { role, content } = message
    const parts: readonly AiSdkPromptPart[] = typeof content === 'string' ? [{ type: 'text', text: content }] : content
    if (role === 'system') return [{ role, content: textOf(parts, model) }]
    if (role === 'user') return [{ role, content: textOf(parts, model) }]
    if (role === 'tool') return parts.flatMap(toolMessage)
    const toolCalls = parts.flatMap(toolCall)
    const assistant: Message = {
      role: 'assistant',
      content: textOf(parts, model),
      ...(toolCalls.length > 0 ? { toolCalls } : {}),
    }
    // results of tools that the provider ran stand in the same message
    return [assistant, ...parts.flatMap(toolMessage)]
  })
}

function textOf(parts: readonly AiSdkPromptPart[], model: string): string {
  const texts: string[] = []
  for (const part of parts) {
    if (part.type === 'text') texts.push(part.text ?? '')
    if (part.type !== 'file') continue
    const text = fileText(part)
    if (text === undefined)
      throw new UnsupportedCapabilityError({
        model,
        capability: `read a file of type ${part.mediaType ?? 'unknown'}`,
        alternatives: 'give its text',
      })
    texts.push(part.filename === undefined ? text : `${part.filename}\n${text}`)
  }
  return texts.join('\n\n')
}

function toolCall(part: AiSdkPromptPart): ToolCall[] {
  if (part.type !== 'tool-call') return []
  return [{ id: part.toolCallId ?? '', name: part.toolName ?? '', arguments: (part.input ?? {}) as JsonValue }]
}

function toolMessage(part: AiSdkPromptPart): Message[] {
  if (part.type !== 'tool-result') return []
  const content = outputText(part.output)
  return [
    { role: 'tool', content, toolCallId: part.toolCallId ?? '', ...(part.toolName ? { name: part.toolName } : {}) },
  ]
}

/** What a tool gave, as text: text as it is, everything else as JSON. */
function outputText(output: unknown): string {
  const { type, value, reason } = (output ?? {}) as { type?: string; value?: unknown; reason?: string }
  if (type === 'text' || type === 'error-text') return String(value)
  if (type === 'execution-denied') return `denied${reason === undefined ? '' : `: ${reason}`}`
  if (type === 'content' && Array.isArray(value))
    return value.map((part: AiSdkPromptPart) => part.text ?? fileText(part) ?? `[${part.type}]`).join('\n')
  return JSON.stringify(value ?? null)
}
