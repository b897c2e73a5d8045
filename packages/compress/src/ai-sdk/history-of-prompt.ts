/** @file Prompts and messages of the AI SDK, told by their shape alone, as histories that can be shortened. */
import type { HistoryEntry, HistoryItem } from '../messages/shorten-history.ts'

/** A part of a message of the AI SDK. */
export interface PromptPart {
  readonly type: string
  readonly text?: string
  readonly output?: unknown
}

/** A message of the AI SDK, in prompts of models and in what apps write. */
export interface PromptMessage {
  readonly role: string
  readonly content: string | readonly PromptPart[]
}

/** The texts of a message that may be shortened: text parts, and what tools gave. */
export function historyItem({ role, content }: PromptMessage): HistoryItem {
  if (typeof content === 'string') return { role, contents: [content] }
  return { role, contents: content.flatMap((part) => textOf(part) ?? []) }
}

/** The message with what is left of its texts. */
export function rebuildMessage<Kind extends PromptMessage>(message: Kind, { contents }: HistoryEntry): Kind {
  if (typeof message.content === 'string') return { ...message, content: contents[0]! }
  let next = 0
  const content = message.content.map((part) => {
    const before = textOf(part)
    if (before === undefined) return part
    const text = contents[next++]!
    return text === before ? part : withText(part, text)
  })
  return { ...message, content }
}

function textOf(part: PromptPart): string | undefined {
  if (part.type === 'text') return part.text
  if (part.type !== 'tool-result') return undefined
  const { type, value } = (part.output ?? {}) as { type?: string; value?: unknown }
  if (type === 'text' && typeof value === 'string') return value
  return type === 'json' ? JSON.stringify(value) : undefined
}

function withText(part: PromptPart, text: string): PromptPart {
  return part.type === 'text' ? { ...part, text } : { ...part, output: { type: 'text', value: text } }
}

/** A prompt as text, for counting: roles, texts, calls and results. */
export function renderPrompt(messages: readonly PromptMessage[]): string {
  return messages
    .map(({ role, content }) => {
      const parts = typeof content === 'string' ? [content] : content.map((part) => textOf(part) ?? describePart(part))
      return `${role}\n${parts.join('\n')}\n`
    })
    .join('\n')
}

/** A call by its name and arguments, a file by its type: its size in tokens is the model's affair. */
function describePart(part: PromptPart): string {
  const { type, toolName, input, mediaType, output } = part as PromptPart & Record<string, unknown>
  return JSON.stringify({ type, toolName, input, mediaType, output })
}
