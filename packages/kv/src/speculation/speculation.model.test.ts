/** @file Speculative decoding on SmolLM2-135M-Instruct: greedy text is that of decoding one by one, whoever drafts. */
import { type LocalModel, loadModel } from '@lc/core'
import { makePassage } from '@lc/model'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { snapKv } from '../policies/snap-kv.ts'
import type { Drafter } from './drafter.ts'
import { promptLookup } from './prompt-lookup.ts'
import { rapid } from './rapid.ts'
import { selfSpeculation } from './self-speculation.ts'
import { withSpeculation } from './with-speculation.ts'

const source = `const limits = {
  connections: 64,
  requestsPerMinute: 1200,
  bodyBytes: 1048576,
}
`
const messages = (context: string) => [
  { role: 'user' as const, content: `${context}\n\nChange connections to 128. Answer with the whole file.` },
  { role: 'assistant' as const, content: '```ts\n' },
]
const request = {
  messages: messages(`\`\`\`ts\n${source}\`\`\``),
  continueFinalMessage: true,
  maxTokens: 40,
  accuracy: 'exact',
} as const

let model: LocalModel
let alone: string
beforeAll(async () => {
  model = await loadModel('smollm2-135m')
  alone = (await model.generate(request)).text
})
afterAll(() => model.close())

const passages = [makePassage(source, { uri: 'limits.ts' })]
const rapidRequest = (context: string) => ({ messages: messages(context), continueFinalMessage: true })
test.each<[string, Drafter]>([
  ['prompt look-up', promptLookup()],
  ['a small cache', selfSpeculation({ policy: snapKv({ budget: 40, window: 16 }) })],
  ['retrieved passages', rapid({ passages, request: rapidRequest, transfer: 0 })],
])('drafted by %s', async (_name, drafter) => {
  const { text, speculation } = await withSpeculation(model, drafter).generate(request)
  expect(text).toBe(alone)
  expect(speculation.accepted).toBeGreaterThan(speculation.drafted / 3)
  expect(speculation.passes).toBeLessThan(36)
})
