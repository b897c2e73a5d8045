/**
 * A coding agent's history to a budget: system prompt and last turn stay, what tools gave is compressed for the question.
 *
 *   npx tsx --conditions=@lc/source main.ts
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compressMessages } from '@lc/compress/messages'
import { loadModel } from '@lc/core'
import type { Message } from '@lc/model'

const read = (name: string) => readFile(join(import.meta.dirname, '../../packages/model/src/http', name), 'utf8')
const opened = (id: string, path: string, content: string): Message[] => [
  { role: 'assistant', content: '', toolCalls: [{ id, name: 'read_file', arguments: { path } }] },
  { role: 'tool', toolCallId: id, name: 'read_file', content },
]

const messages: Message[] = [
  { role: 'system', content: 'You are a careful programmer. Answer in one short sentence.' },
  { role: 'user', content: 'Read the files about failed calls.' },
  ...opened('call-1', 'retry-policy.ts', await read('retry-policy.ts')),
  ...opened('call-2', 'post-json.ts', await read('post-json.ts')),
  { role: 'assistant', content: 'I have read both files.' },
  { role: 'user', content: 'How long is the pause before a failed call is tried again?' },
]

const model = await loadModel('smollm2-135m')
const short = await compressMessages(messages, { budget: 500, model })
console.log(`${short.originalTokens} tokens -> ${short.tokens} (budget ${short.budget}) by ${short.methods.join(', ')}`)
for (const message of short.messages) console.log(`--- ${message.role}\n${message.content}`)

const { text } = await model.generate({ messages: short.messages, maxTokens: 60 })
console.log(`--- answer\n${text}`)
await model.close()
