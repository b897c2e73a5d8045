/** @file Finds question and context in a prompt of the AI SDK, and puts the context that is left back in its place. */
import { makePassage } from '../passage/make-passage.ts'
import type { Passage } from '../passage/passage.ts'
import { fileText } from './file-text.ts'
import type { AiSdkPromptMessage, AiSdkPromptPart } from './prompt-specification.ts'

/** The question and the context of a prompt, and where they were found. */
export interface FoundContext {
  query: string
  passages: Passage[]
  messageIndex: number
  /** Parts that stay as they are, such as images. */
  kept: AiSdkPromptPart[]
}

/**
 * The context of the last user message. Its text files are passages; so are its text parts except the last, which is the
 * question. A single text without files is split at its last blank line: the context stands above, the question below.
 * Undefined when there is no context.
 */
export function readContext(prompt: readonly AiSdkPromptMessage[]): FoundContext | undefined {
  const messageIndex = prompt.findLastIndex((message) => message.role === 'user')
  const content = prompt[messageIndex]?.content
  if (content === undefined) return undefined
  const parts: readonly AiSdkPromptPart[] = typeof content === 'string' ? [{ type: 'text', text: content }] : content
  const passages: Passage[] = []
  const kept: AiSdkPromptPart[] = []
  const lastText = parts.findLastIndex((part) => part.type === 'text')
  let query = lastText < 0 ? '' : (parts[lastText]!.text ?? '')
  for (const [index, part] of parts.entries()) {
    if (index === lastText) continue
    const text = part.type === 'text' ? part.text : fileText(part)
    const uri = part.filename ?? `message:${messageIndex}/part:${index}`
    if (text === undefined) kept.push(part)
    else if (text !== '') passages.push(makePassage(text, { uri }))
  }
  if (passages.length === 0) {
    const split = splitQuestion(query)
    if (split === undefined) return undefined
    passages.push(makePassage(split.context, { uri: `message:${messageIndex}/part:${lastText}` }))
    query = split.query
  }
  return { query, passages, messageIndex, kept }
}

/** Context and question of one text: the question is what follows the last blank line. */
function splitQuestion(text: string): { context: string; query: string } | undefined {
  const trimmed = text.trimEnd()
  const border = [...trimmed.matchAll(/\n[^\S\n]*\n/g)].at(-1)
  if (!border) return undefined
  const context = trimmed.slice(0, border.index)
  const query = trimmed.slice(border.index + border[0].length)
  return context.trim() === '' ? undefined : { context, query }
}

/** The prompt with another context in the place of the one that was found. */
export function writeContext<Message extends AiSdkPromptMessage>(
  prompt: readonly Message[],
  found: FoundContext,
  context: string,
): Message[] {
  return prompt.map((message, index) => {
    if (index !== found.messageIndex) return message
    const texts = [context, found.query].filter((text) => text !== '')
    return { ...message, content: [...found.kept, ...texts.map((text) => ({ type: 'text', text }))] }
  })
}
