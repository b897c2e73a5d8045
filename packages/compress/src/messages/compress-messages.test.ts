import { estimateTokenizer, type Message } from '@lc/model'
import { BudgetTooSmallError } from '@lc/model/errors'
import { BigramModel } from '@lc/model/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compressMessages } from './compress-messages.ts'
import { renderMessages } from './render-messages.ts'

const tokenizer = estimateTokenizer()
const log = Array.from({ length: 120 }, (_, at) => `line ${at}: worker ${at % 7} is idle.`)
log[83] = 'line 83: the disk of host ursa-17 is full.'

const history: Message[] = [
  { role: 'system', content: 'You are an operator. Be brief.' },
  { role: 'user', content: 'Read the log.' },
  { role: 'assistant', content: '', toolCalls: [{ id: 'c1', name: 'read', arguments: { path: 'app.log' } }] },
  { role: 'tool', toolCallId: 'c1', name: 'read', content: log.join('\n') },
  { role: 'assistant', content: 'I have read it.' },
  { role: 'user', content: 'Which host has a full disk?' },
]

function count(messages: readonly Message[]): number {
  return tokenizer.count(renderMessages(messages))
}

describe('compressMessages', () => {
  test('keeps what the question asks for in the result of a tool', async () => {
    const result = await compressMessages(history, { budget: { tokens: 160, tokenizer } })
    expect(result.tokens).toBe(count(result.messages))
    expect(result.tokens).toBeLessThanOrEqual(160)
    expect(result.tokens).toBeGreaterThan(120)
    expect(result.messages[0]).toEqual(history[0])
    expect(result.messages.at(-1)).toEqual(history.at(-1))
    expect(result.messages[3]!.content).toContain('host ursa-17 is full')
    expect(result.expand(3)).toBe(history[3]!.content)
    expect(result.methods).toEqual([expect.stringMatching(/^no-model\//)])
  })

  test('changes nothing that fits', async () => {
    const result = await compressMessages(history, { budget: { tokens: 5000, tokenizer } })
    expect(result.messages).toEqual(history)
    expect(result.methods).toEqual([])
  })

  test('drops the oldest turn whole, with call and result', async () => {
    const long: Message[] = [history[0]!, ...Array.from({ length: 8 }, () => history.slice(1, 5)).flat(), history[5]!]
    const { messages, tokens } = await compressMessages(long, { budget: { tokens: 120, tokenizer } })
    expect(tokens).toBeLessThanOrEqual(120)
    expect(messages.length).toBeLessThan(long.length)
    const calls = messages.flatMap((message) => (message.role === 'assistant' ? (message.toolCalls ?? []) : []))
    const results = messages.filter(({ role }) => role === 'tool')
    expect(results).toHaveLength(calls.length)
    expect(messages.map(({ role }) => role).slice(0, 2)).toEqual(['system', 'user'])
  })

  test('says what the protected part needs', async () => {
    const least = count([history[0]!, history[5]!])
    const failure = await compressMessages(history, { budget: { tokens: least - 1, tokenizer } }).catch(
      (error) => error,
    )
    expect(failure).toBeInstanceOf(BudgetTooSmallError)
    expect(failure.minimum).toBe(least)
    const { messages } = await compressMessages(history, { budget: { tokens: least, tokenizer } })
    expect(messages).toEqual([history[0], history[5]])
  })

  test('keeps more turns when told to', async () => {
    const turns = history.concat({ role: 'assistant', content: 'ursa-17.' }, { role: 'user', content: 'Since when?' })
    const { messages } = await compressMessages(turns, { budget: { tokens: 150, tokenizer }, keepTurns: 2 })
    expect(messages.slice(-3)).toEqual(turns.slice(-3))
  })

  test('asks for less where rendering makes texts longer', async () => {
    const quoted = log.map((line) => `"${line}" "${line.slice(0, 6)}"`).join('\n')
    const messages = history.map((message) => (message.role === 'tool' ? { ...message, content: quoted } : message))
    const render = (list: readonly Message[]): string => JSON.stringify(list)
    for (const tokens of [220, 300, 500]) {
      const result = await compressMessages(messages, { budget: { tokens, tokenizer }, render })
      expect(tokenizer.count(render(result.messages))).toBeLessThanOrEqual(tokens)
      expect(result.tokens).toBeGreaterThan(tokens / 2)
    }
  })

  test('with a scorer', async () => {
    const model = new BigramModel(log.join('\n'))
    const result = await compressMessages(history, { budget: 400, model })
    expect(model.tokenizer.count(renderMessages(result.messages))).toBeLessThanOrEqual(400)
    expect(result.methods[0]).toBe('longllmlingua')
  })

  test('the budget holds for any history', async () => {
    const message = fc.oneof(
      fc.record({ role: fc.constantFrom('user', 'system'), content: fc.string({ unit: 'binary', maxLength: 200 }) }),
      fc.record({ role: fc.constant('assistant'), content: fc.string({ maxLength: 200 }) }),
    ) as fc.Arbitrary<Message>
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { maxLength: 8 }),
        fc.nat(120),
        fc.nat(3),
        async (messages, tokens, keepTurns) => {
          const result = await compressMessages(messages, { budget: { tokens, tokenizer }, keepTurns }).catch(
            (error) => {
              expect(error).toBeInstanceOf(BudgetTooSmallError)
            },
          )
          if (!result) return
          expect(count(result.messages)).toBeLessThanOrEqual(tokens)
          expect(result.messages.filter(({ role }) => role === 'system')).toEqual(
            messages.filter(({ role }) => role === 'system'),
          )
        },
      ),
      { numRuns: 60 },
    )
  })
})
