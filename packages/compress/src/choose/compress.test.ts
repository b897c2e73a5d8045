import { estimateTokenizer, makePassage } from '@lc/model'
import { BigramModel, wordListClassifier } from '@lc/model/testing'
import { describe, expect, test } from 'vitest'
import { countingAttender } from '../testing-kit/counting-attender.ts'
import { chooseMethod } from './choose-method.ts'
import { compress } from './compress.ts'

const samples = {
  code: makePassage('def area(side):\n    return side * side\n', { uri: 'area.py' }),
  prose: makePassage('The tower is red. It was built in 1852 by the sea.', { uri: 'notes.md' }),
  json: makePassage('{"name": "Ada", "born": 1815}', { uri: 'response' }),
  table: makePassage('name\tyear\nAda\t1815\nAlan\t1912\n', { uri: 'people' }),
  chat: makePassage('user: hello there\nassistant: hello\nuser: bye', { uri: 'log' }),
}
const scorer = new BigramModel('the tower is red and was built by the sea')
const attender = countingAttender()

describe('chooseMethod', () => {
  test.each([
    ['code', 'area', scorer, 'longcodezip'],
    ['code', '', scorer, 'no-model'],
    ['prose', 'tower', scorer, 'longllmlingua'],
    ['prose', '', scorer, 'llmlingua'],
    ['chat', 'hello', scorer, 'longllmlingua'],
    ['json', 'Ada', scorer, 'no-model'],
    ['table', 'Ada', scorer, 'no-model'],
    ['prose', 'tower', undefined, 'no-model'],
    ['prose', 'tower', attender, 'specpc'],
    ['code', 'area', attender, 'no-model'],
  ] as const)('%s asked for %j', (content, query, model, method) => {
    const choice = chooseMethod([samples[content]], { query, model })
    expect([choice.content, choice.method]).toEqual([content, method])
    expect(choice.reason.length).toBeGreaterThan(20)
  })

  test('goes by what most characters are', () => {
    const long = makePassage('It was a long day. '.repeat(30), { uri: 'day.txt' })
    expect(chooseMethod([samples.code, long]).content).toBe('prose')
    expect(chooseMethod([]).content).toBe('prose')
  })
})

test('a choice is carried out within the budget and told', async () => {
  const passages = [makePassage('The tower is red. '.repeat(20), { uri: 'notes.md' })]
  const scored = await compress(passages, { budget: 90, model: scorer, query: 'tower' })
  expect([scored.method, scored.choice.method]).toEqual(['longllmlingua', 'longllmlingua'])
  expect(scored.tokens).toBeLessThanOrEqual(90)
  const classifier = wordListClassifier(['the', 'is'])
  const labelled = await compress(passages, { budget: 40, model: classifier })
  expect(labelled.choice.method).toBe('llmlingua2')
  const plain = await compress(passages, { budget: { tokens: 30, tokenizer: estimateTokenizer() } })
  expect([plain.method, plain.choice.method]).toEqual(['no-model/sentences', 'no-model'])
})

test.each<[string, string, string, (text: string) => void]>([
  [
    'JSON',
    'load.json',
    JSON.stringify({ hosts: Array.from({ length: 30 }, (_, index) => ({ name: `host${index}`, load: index })) }),
    (text) => expect(Object.keys(JSON.parse(text))).toEqual(['hosts']),
  ],
  [
    'a table',
    'sums',
    `name,year,sum\n${Array.from({ length: 30 }, (_, index) => `item ${index},${1900 + index},${index * 7}`).join('\n')}`,
    (text) => expect(text).toMatch(/^name,year,sum\n/),
  ],
  [
    'a chat',
    'log',
    Array.from({ length: 30 }, (_, index) => `user: What of host${index}?\nassistant: It is fine. Go on.\n`).join(''),
    (text) => expect(text).toMatch(/^(?:(?:user|assistant): \S.*\n)+$/),
  ],
])('%s keeps its form', async (_, uri, text, check) => {
  const budget = { tokens: 60, tokenizer: estimateTokenizer() }
  const result = await compress([makePassage(text, { uri })], { budget, query: 'host17' })
  expect(result.tokens).toBeLessThanOrEqual(60)
  expect(result.tokens).toBeGreaterThan(40)
  check(result.text)
})

test('protected text is protected whatever the method', async () => {
  const passages = [makePassage('The tower is red. '.repeat(20), { uri: 'notes.md' })]
  const options = { forcedPhrases: ['red'], protect: 'require', query: 'tower', budget: 9 } as const
  for (const model of [scorer, wordListClassifier(['the']), attender, undefined])
    await expect(compress(passages, { ...options, model })).rejects.toMatchObject({
      code: 'budget-too-small',
      budget: 9,
    })
})

test('JSON among prose is whole or absent', async () => {
  const prose = 'The tower is red and was built by the sea. '.repeat(12)
  const json = JSON.stringify({ tower: { colour: 'red', year: 1852 }, others: [1, 2, 3] })
  const passages = [makePassage(prose, { uri: 'a.md' }), makePassage(json, { uri: 'b.json' })]
  for (const model of [scorer, wordListClassifier(['the', 'is']), attender, undefined])
    for (const tokens of [20, 60, 90]) {
      const budget = { tokens, tokenizer: estimateTokenizer() }
      const { passages: kept } = await compress(passages, { model, budget, query: 'tower colour' })
      for (const { text, source } of kept) if (source.uri === 'b.json') expect(['', json]).toContain(text)
    }
})
