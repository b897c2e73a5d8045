import { generateText, streamText, wrapLanguageModel } from 'ai'
import { describe, expect, test } from 'vitest'
import { fitPassages } from '../budget/fit-passages.ts'
import type { ContextState } from '../stage/context-state.ts'
import { defineStage } from '../stage/define-stage.ts'
import { byteTokenizer } from '../testing-kit/byte-tokenizer.ts'
import { type ContextMiddlewareOptions, contextMiddleware } from './context-middleware.ts'
import { readContext } from './read-context.ts'
import { scriptedLanguageModel } from './scripted-language-model.ts'
import { toAiSdk } from './to-ai-sdk.ts'

/** Keeps the passages that share a word with the question. */
const relevant = defineStage('relevant', async (state: ContextState): Promise<ContextState> => {
  const words = (state.query ?? '').toLowerCase().match(/\w+/g) ?? []
  const passages = state.passages.filter((passage) => words.some((word) => passage.text.toLowerCase().includes(word)))
  return { ...state, passages, reports: [{ stage: 'relevant', ms: 0, detail: { kept: passages.length } }] }
})

function wrapped(options: Omit<ContextMiddlewareOptions, 'specification'> = {}) {
  const inner = scriptedLanguageModel({ text: 'fine' })
  return {
    inner,
    model: wrapLanguageModel({ model: toAiSdk(inner), middleware: contextMiddleware(relevant, options) }),
  }
}
const file = (filename: string, text: string) => ({
  type: 'file' as const,
  filename,
  mediaType: 'text/plain',
  data: new TextEncoder().encode(text),
})

describe('contextMiddleware in an AI SDK app', () => {
  test('runs the stage over attached files, and leaves the question and the history alone', async () => {
    const states: ContextState[] = []
    const { inner, model } = wrapped({ onState: (state) => states.push(state) })
    await generateText({
      model,
      system: 'Be brief.',
      messages: [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Hello' },
        {
          role: 'user',
          content: [
            file('cats.txt', 'Cats sleep.'),
            file('cars.txt', 'Motors run.'),
            { type: 'text', text: 'Do cats sleep?' },
          ],
        },
      ],
    })
    expect(inner.requests[0]?.messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello' },
      { role: 'user', content: '[1] cats.txt\nCats sleep.\n\nDo cats sleep?' },
    ])
    expect(states[0]).toMatchObject({
      query: 'Do cats sleep?',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Hello' },
      ],
      reports: [{ detail: { kept: 1 } }],
    })
  })

  test('takes what stands above the last blank line of a single text as context, streamed too', async () => {
    const { inner, model } = wrapped({
      render: (passages) => ({ text: passages.map((p) => p.text).join('\n'), places: [] }),
    })
    await streamText({ model, prompt: 'Cats sleep.\n\nAll day.\n\nDo cats sleep?' }).consumeStream()
    expect(inner.requests[0]?.messages?.[0]?.content).toBe('Cats sleep.\n\nAll day.\n\nDo cats sleep?')
    await generateText({ model, prompt: 'Motors run.\n\nDo cats sleep?' })
    expect(inner.requests[1]?.messages?.[0]?.content).toBe('Do cats sleep?')
  })

  test('a prompt without context passes unchanged, and the stage does not run', async () => {
    let runs = 0
    const { inner, model } = wrapped({ onState: () => runs++ })
    await generateText({ model, prompt: 'Do cats\nsleep?' })
    expect(inner.requests[0]?.messages).toEqual([{ role: 'user', content: 'Do cats\nsleep?' }])
    expect(runs).toBe(0)
  })

  test('the stage sees budget, events and the abort of the call', async () => {
    const budget = { tokens: 30, tokenizer: byteTokenizer() }
    const fit = defineStage('fit', async (state: ContextState, run): Promise<ContextState> => {
      run.emit({ type: 'progress', operation: 'fit', done: 1, unit: 'steps' })
      return { ...state, passages: fitPassages(state.passages, { budget: run.budget! }).kept }
    })
    const events: string[] = []
    const inner = scriptedLanguageModel({ text: 'fine' })
    const middleware = contextMiddleware(fit, { budget, onEvent: (event) => events.push(event.type) })
    const model = wrapLanguageModel({ model: toAiSdk(inner), middleware })
    const content = [file('a', 'x'.repeat(20)), file('b', 'y'.repeat(20)), { type: 'text' as const, text: 'Which?' }]
    await generateText({ model, messages: [{ role: 'user', content }] })
    expect(inner.requests[0]?.messages?.[0]?.content).toBe(`[1] a\n${'x'.repeat(20)}\n\nWhich?`)
    expect(events).toEqual(['progress'])
    const call = generateText({ model, messages: [{ role: 'user', content }], abortSignal: AbortSignal.abort('stop') })
    await expect(call).rejects.toBe('stop')
  })
})

describe('readContext', () => {
  const user = (
    ...content: { type: string; text?: string; data?: unknown; mediaType?: string; filename?: string }[]
  ) => [{ role: 'user' as const, content }]

  test.each<[string, unknown, string]>([
    ['bytes', new TextEncoder().encode('Grüße'), 'text/plain'],
    ['base64', 'R3LDvMOfZQ==', 'text/x-typescript; charset=utf-8'],
    ['a base64 data URL', 'data:text/plain;base64,R3LDvMOfZQ==', 'text/plain'],
    ['a data URL object', new URL('data:text/plain,Gr%C3%BC%C3%9Fe'), 'text/plain'],
    ['tagged bytes (v4)', { type: 'data', data: new TextEncoder().encode('Grüße') }, 'application/json'],
    ['tagged text (v4)', { type: 'text', text: 'Grüße' }, 'text'],
    ['a tagged URL (v4)', { type: 'url', url: new URL('data:,Gr%C3%BC%C3%9Fe') }, 'application/atom+xml'],
  ])('reads a file given as %s', (_, data, mediaType) => {
    const found = readContext(user({ type: 'file', data, mediaType, filename: 'f' }, { type: 'text', text: 'Q' }))
    expect(found?.passages[0]).toMatchObject({ text: 'Grüße', source: { uri: 'f' } })
    expect(found?.query).toBe('Q')
  })

  test.each<[string, unknown, string]>([
    ['images', new Uint8Array([1]), 'image/png'],
    ['text behind a URL', new URL('https://example.org/a.txt'), 'text/plain'],
    ['broken base64', '%%%', 'text/plain'],
    ['references to uploads', { type: 'reference', reference: { p: 'x' } }, 'text/plain'],
  ])('leaves %s in place', (_, data, mediaType) => {
    const part = { type: 'file', data, mediaType }
    const found = readContext(user(part, { type: 'text', text: 'context' }, { type: 'text', text: 'Q' }))
    expect(found?.kept).toEqual([part])
    expect(found?.passages.map((passage) => passage.source.uri)).toEqual(['message:0/part:1'])
  })

  test('finds nothing without a user message or with an empty one', () => {
    expect(readContext([])).toBeUndefined()
    expect(readContext(user())).toBeUndefined()
    expect(readContext(user({ type: 'text', text: '\n\nonly a question' }))).toBeUndefined()
  })
})
