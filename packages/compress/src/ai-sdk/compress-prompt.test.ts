/** @file Inside the real AI SDK: its middleware, its tool loop. */
import { estimateTokenizer } from '@lc/model'
import { generateText, jsonSchema, type LanguageModel, stepCountIs, tool, wrapLanguageModel } from 'ai'
import { MockLanguageModelV3 } from 'ai/test'
import { expect, test } from 'vitest'
import { compressPrompt, compressSteps, type PromptReport } from './compress-prompt.ts'

const tokenizer = estimateTokenizer()
const log = Array.from({ length: 200 }, (_, at) => `line ${at}: worker ${at % 7} is idle.`)
log[120] = 'line 120: the disk of host ursa-17 is full.'
const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 1, text: 1, reasoning: undefined },
}
const answer = {
  content: [{ type: 'text' as const, text: 'ursa-17' }],
  finishReason: { unified: 'stop' as const, raw: undefined },
  usage,
  warnings: [],
}

test('every prompt that an app sends is within the budget', async () => {
  const model = new MockLanguageModelV3({ doGenerate: answer })
  const reports: PromptReport[] = []
  const budget = { tokens: 150, tokenizer }
  const { text } = await generateText({
    model: wrapLanguageModel({
      model,
      middleware: compressPrompt({ budget, onReport: (report) => reports.push(report) }),
    }),
    system: 'Be brief.',
    messages: [
      { role: 'user', content: [{ type: 'text', text: log.join('\n') }] },
      { role: 'assistant', content: 'Noted.' },
      { role: 'user', content: 'Which host has a full disk?' },
    ],
  })
  expect(text).toBe('ursa-17')
  const sent = model.doGenerateCalls[0]!.prompt
  expect(sent[0]).toEqual({ role: 'system', content: 'Be brief.' })
  expect(JSON.stringify(sent[1])).toContain('host ursa-17 is full')
  expect(JSON.stringify(sent).length).toBeLessThan(1500)
  expect(reports[0]!.originalTokens).toBeGreaterThan(1000)
  expect(reports[0]!.tokens).toBeLessThanOrEqual(150)
})

test('before each step results of earlier tools are compressed', async () => {
  const call = {
    ...answer,
    content: [{ type: 'tool-call' as const, toolCallId: 'c1', toolName: 'read', input: '{}' }],
    finishReason: { unified: 'tool-calls' as const, raw: undefined },
  }
  const model = new MockLanguageModelV3({ doGenerate: [call, answer] })
  await generateText({
    model: model as LanguageModel,
    messages: [{ role: 'user', content: 'Which host has a full disk?' }],
    tools: {
      read: tool({ inputSchema: jsonSchema<object>({ type: 'object' }), execute: async () => ({ lines: log }) }),
    },
    stopWhen: stepCountIs(2),
    prepareStep: compressSteps({ budget: { tokens: 300, tokenizer }, keepTurns: 0 }),
  })
  const sent = model.doGenerateCalls[1]!.prompt
  expect(sent.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool'])
  expect(JSON.stringify(sent).length).toBeLessThan(2500)
  expect(JSON.stringify(sent[2])).toContain('c1')
})
