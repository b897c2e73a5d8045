/** @file The next major of the AI SDK takes our models of both versions; the full tests run on `ai` 6. */
import { embedMany, generateText, Output, streamText, tool, wrapLanguageModel } from 'ai-v7'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { ContextState } from '../stage/context-state.ts'
import { defineStage } from '../stage/define-stage.ts'
import { BigramModel } from '../testing-kit/bigram-model.ts'
import { hashingEmbedder } from '../testing-kit/hashing-embedder.ts'
import { contextMiddleware } from './context-middleware.ts'
import { embedderToAiSdk } from './embedders.ts'
import { fromAiSdk } from './from-ai-sdk.ts'
import { scriptedLanguageModel } from './scripted-language-model.ts'
import { toAiSdk } from './to-ai-sdk.ts'

globalThis.AI_SDK_LOG_WARNINGS = false

const bigram = new BigramModel('user: hello\nassistant: hello to you and to all of you, friends.\n')
const onlyFirst = defineStage('only-first', async (state: ContextState) => ({
  ...state,
  passages: state.passages.slice(0, 1),
}))

describe.each([
  ['v3', toAiSdk, embedderToAiSdk, contextMiddleware],
  [
    'v4',
    (model: Parameters<typeof toAiSdk>[0]) => toAiSdk(model, { specification: 'v4' }),
    (embedder: Parameters<typeof embedderToAiSdk>[0]) => embedderToAiSdk(embedder, { specification: 'v4' }),
    (stage: typeof onlyFirst) => contextMiddleware(stage, { specification: 'v4' }),
  ],
] as const)('ai 7 with models of version %s', (version, model, embedder, middleware) => {
  test('generates and streams the same text', async () => {
    const settings = { model: model(bigram), prompt: 'hello', maxOutputTokens: 8, temperature: 0 }
    const { text, usage } = await generateText(settings)
    let streamed = ''
    for await (const delta of streamText(settings).textStream) streamed += delta
    expect(text).not.toBe('')
    expect(streamed).toBe(text)
    expect(usage.outputTokens).toBe(8)
  })

  test('runs tools and reads structured output', async () => {
    const call = { id: '1', name: 'weather', arguments: { city: 'Berlin' } }
    const weather = tool({
      inputSchema: z.object({ city: z.string() }),
      execute: async ({ city }) => `sunny in ${city}`,
    })
    const { toolResults } = await generateText({
      model: model(scriptedLanguageModel({ toolCalls: [call], finishReason: 'tool-calls' })),
      prompt: 'Weather?',
      tools: { weather },
    })
    expect(toolResults[0]?.output).toBe('sunny in Berlin')
    const { output } = await generateText({
      model: model(scriptedLanguageModel({ text: '{"a":1}' })),
      prompt: 'Which?',
      output: Output.object({ schema: z.object({ a: z.number() }) }),
    })
    expect(output).toEqual({ a: 1 })
  })

  test('embeds', async () => {
    const { embeddings } = await embedMany({ model: embedder(hashingEmbedder()), values: ['a', 'b'] })
    expect(embeddings.map((vector) => vector.length)).toEqual([64, 64])
  })

  test('wraps a model with the middleware, whose files come in the form of this version', async () => {
    const inner = scriptedLanguageModel({ text: 'fine' })
    const data = new TextEncoder().encode('file text')
    const file = { type: 'file' as const, data, mediaType: 'text/plain' }
    await generateText({
      model: wrapLanguageModel({ model: model(inner), middleware: middleware(onlyFirst) }),
      messages: [
        {
          role: 'user',
          content: [
            { ...file, filename: 'a.txt' },
            { ...file, filename: 'b.txt' },
            { type: 'text', text: 'Which?' },
          ],
        },
      ],
    })
    expect(inner.requests[0]?.messages?.[0]?.content).toBe('[1] a.txt\nfile text\n\nWhich?')
  })

  test('gives the model back through fromAiSdk', async () => {
    const { text } = await fromAiSdk(model(scriptedLanguageModel({ text: `from ${version}` }))).generate({
      messages: [{ role: 'user', content: 'Which?' }],
    })
    expect(text).toBe(`from ${version}`)
  })
})
