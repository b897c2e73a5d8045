import { estimateTokenizer, type Message } from '@lc/model'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compressMessages } from './compress-messages.ts'
import { type HistoryMemory, historyKeys, historyMemory } from './history-memory.ts'
import { renderMessages } from './render-messages.ts'

const tokenizer = estimateTokenizer()
const tokens = 2000

/** A chat of an agent, one turn longer each time: a question, a call, its long result, an answer. */
function chatOf(turns: number): Message[] {
  const system: Message = { role: 'system', content: 'You are an operator. Be brief.' }
  return [
    system,
    ...Array.from({ length: turns }, (_, turn): Message[] => [
      { role: 'user', content: `What is wrong with host ${turn}?` },
      { role: 'assistant', content: '', toolCalls: [{ id: `c${turn}`, name: 'log', arguments: { host: turn } }] },
      {
        role: 'tool',
        toolCallId: `c${turn}`,
        name: 'log',
        content: Array.from(
          { length: 12 },
          (_, at) => `host ${turn}, line ${at}: worker ${at} of ${turn} is idle.`,
        ).join('\n'),
      },
      { role: 'assistant', content: `Host ${turn} has an idle worker.` },
    ]).flat(),
  ].slice(0, -1)
}

/** The share of the prompts' tokens that a prompt cache would have, over the turns of a chat. */
async function cachedShare(memory: HistoryMemory | 'off', turns: number): Promise<number> {
  let before: readonly Message[] = []
  let cached = 0
  let all = 0
  for (let turn = 1; turn <= turns; turn++) {
    const { messages, tokens: used } = await compressMessages(chatOf(turn), { budget: { tokens, tokenizer }, memory })
    expect(used).toBeLessThanOrEqual(tokens)
    expect(tokenizer.count(renderMessages(messages))).toBe(used)
    const same = messages.findIndex((message, at) => JSON.stringify(message) !== JSON.stringify(before[at]))
    cached += tokenizer.count(renderMessages(messages.slice(0, same)))
    all += used
    before = messages
  }
  return cached / all
}

describe('a history with a memory', () => {
  test('begins as it did the turn before, for more of its tokens than without one', async () => {
    const [withMemory, without] = [await cachedShare(historyMemory(), 40), await cachedShare('off', 40)]
    expect(withMemory).toBeGreaterThan(0.75)
    expect(withMemory).toBeGreaterThan(without + 0.15)
  })

  test('changes nothing while all fits, and takes decisions back for no smaller chat', async () => {
    const memory = historyMemory()
    const short = await compressMessages(chatOf(2), { budget: { tokens, tokenizer }, memory })
    expect(short.messages).toEqual(chatOf(2))
    await compressMessages(chatOf(12), { budget: { tokens, tokenizer }, memory })
    const other: Message[] = [{ role: 'user', content: 'Another chat.' }]
    expect((await compressMessages(other, { budget: { tokens, tokenizer }, memory })).messages).toEqual(other)
  })

  test('decides only about a large new message while what is decided leaves room for it', async () => {
    const memory = historyMemory()
    const before = await compressMessages(chatOf(16), { budget: { tokens, tokenizer }, memory })
    const lines = Array.from({ length: 80 }, (_, at) => `entry ${at} of the big log is fine.`).join('\n')
    const longer: Message[] = [
      ...chatOf(16),
      { role: 'assistant', content: 'Fine.' },
      { role: 'user', content: `Here is a log.\n${lines}` },
      { role: 'assistant', content: 'I have read it.' },
      { role: 'user', content: 'What does entry 7 say?' },
    ]
    const after = await compressMessages(longer, { budget: { tokens, tokenizer }, memory })
    // the turn that was protected is old by now
    const decided = before.messages.findLastIndex(({ role }) => role === 'user')
    expect(after.messages.slice(0, decided)).toEqual(before.messages.slice(0, decided))
    expect(after.messages.some(({ content }) => content.includes('of the big log'))).toBe(true)
    expect(after.tokens).toBeLessThanOrEqual(tokens)
  })

  test('obeys a smaller budget all the same', async () => {
    const memory = historyMemory()
    await compressMessages(chatOf(12), { budget: { tokens, tokenizer }, memory })
    const smaller = await compressMessages(chatOf(12), { budget: { tokens: 600, tokenizer }, memory })
    expect(smaller.tokens).toBeLessThanOrEqual(600)
  })

  test('holds the budget for any sequence of histories', async () => {
    const message = fc.record({
      role: fc.constantFrom('user' as const, 'system' as const),
      content: fc.string({ unit: 'binary', maxLength: 200 }),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { maxLength: 10 }),
        fc.integer({ min: 20, max: 200 }),
        async (messages, limit) => {
          const memory = historyMemory({ messages: 8 })
          for (let length = 1; length <= messages.length; length++) {
            const part = messages.slice(0, length)
            const result = await compressMessages(part, { budget: { tokens: limit, tokenizer }, memory }).catch(
              () => undefined,
            )
            if (result) expect(tokenizer.count(renderMessages(result.messages))).toBeLessThanOrEqual(limit)
          }
        },
      ),
      { numRuns: 40 },
    )
  })
})

test('keys tell histories apart by all that came before', () => {
  const items = (...texts: string[]) => texts.map((text) => ({ role: 'user', contents: [text] }))
  const [a, b] = [historyKeys(items('one', 'two')), historyKeys(items('other', 'two'))]
  expect(a[1]).not.toBe(b[1])
  expect(historyKeys(items('one'))[0]).toBe(a[0])
})

test('a memory forgets the least recently used', () => {
  const memory = historyMemory({ messages: 2 })
  memory.remember('a', ['x'])
  memory.remember('b', 'dropped')
  memory.recall('a')
  memory.remember('c', ['y'])
  expect([memory.recall('a'), memory.recall('b'), memory.recall('c')]).toEqual([['x'], undefined, ['y']])
})
