import type { Embedder, Passage, Reranker, RunEvent } from '@lc/model'
import { describe, expect, test } from 'vitest'
import { nodeCodeParsers } from '../node/node-parsers.ts'
import { lexicalTerms } from '../score/lexical-relevance.ts'
import { hashedWordTokenizer } from '../testing-kit/adaptive-scorer.ts'
import { compressWithoutModel, noModel } from './no-model.ts'
import type { Ranker } from './options.ts'
import { identifierOverlap } from './relevance.ts'

const parsers = nodeCodeParsers()

const functions = ['openFile', 'closeFile', 'parseHeader', 'retryDelay', 'writeFooter']
const code = functions
  .map((name) => `function ${name}(input) {\n  const first = ${name}Step(input)\n  return first\n}\n`)
  .join('\n')
const prose = 'The sun is a star. The moon is a satellite. Mars has two small moons. Venus has none at all.\n'

function passage(text: string, uri: string): Passage {
  return { id: uri, text, source: { uri }, spans: [] }
}

function budget(tokens: number) {
  return { tokens, tokenizer: hashedWordTokenizer }
}

/** Counts of hashed words: a real embedding, only a very small one. */
const countEmbedder: Embedder = {
  dimensions: 64,
  embed: async (texts) =>
    texts.map((text) => {
      const vector = new Float32Array(64)
      for (const term of lexicalTerms(text)) vector[hashedWordTokenizer.encode(term).ids[0]! % 64]! += 1
      return vector
    }),
}

const overlapReranker: Reranker = { rank: async (query, texts) => Float32Array.from(identifierOverlap(query, texts)) }

const rankers: [string, Ranker][] = [
  ['bm25', 'bm25'],
  ['identifiers', 'identifiers'],
  ['embedding', { embedder: countEmbedder }],
  ['reranker', { reranker: overlapReranker }],
]

describe('what is kept', () => {
  test.each(rankers)('the function that the query names (%s)', async (name, ranker) => {
    const result = await compressWithoutModel([passage(code, 'a.js')], {
      budget: budget(45),
      ranker,
      parsers,
      query: 'what is the retryDelay',
    })
    expect(result.method).toBe(`no-model/${name}`)
    expect(result.units.find((unit) => unit.name === 'retryDelay')?.state).toBe('whole')
    expect(result.text).toMatch(/^\/\/ \.\.\.\nfunction retryDelay/)
  })

  test('sentences of prose, with omissions in the line', async () => {
    const result = await compressWithoutModel([passage(prose, 'a.txt')], { budget: budget(22), query: 'Mars moons' })
    expect(result.text).toMatch(/^The sun is a star\. /)
    expect(result.text).toContain(' ...')
    expect(prose.startsWith(result.text.slice(0, result.text.indexOf(' ...')))).toBe(true)
  })

  test('paragraphs that share words with the query', async () => {
    const paragraphs = `${prose}\nA retry waits for a delay. It doubles each time.\n\n${prose}`
    const { text } = await compressWithoutModel([passage(paragraphs, 'a.txt')], {
      budget: budget(32),
      query: 'retry delay',
    })
    expect(text).toBe('...\nA retry waits for a delay. It doubles each time.\n\n...\n')
  })

  test('head and tail, with one gap', async () => {
    const lines = Array.from({ length: 40 }, (_, index) => `x${index} = 1\n`).join('')
    const { text, units } = await compressWithoutModel([passage(lines, 'a.py')], {
      budget: budget(66),
      ranker: 'head-tail',
      parsers,
    })
    expect(text).toBe('x0 = 1\nx1 = 1\nx2 = 1\nx3 = 1\nx4 = 1\n# ...\nx35 = 1\nx36 = 1\nx37 = 1\nx38 = 1\nx39 = 1\n')
    expect(units.every((unit) => unit.score === null)).toBe(true)
  })

  test('only the head, or only the tail', async () => {
    const lines = Array.from({ length: 40 }, (_, index) => `x${index} = 1\n`).join('')
    const options = { budget: budget(40), ranker: 'head-tail', parsers } as const
    const head = await compressWithoutModel([passage(lines, 'a.py')], { ...options, headShare: 1 })
    expect(head.text).toMatch(/^x0 = 1\n[\s\S]*# \.\.\.\n$/)
    const tail = await compressWithoutModel([passage(lines, 'a.py')], { ...options, headShare: 0 })
    expect(tail.text).toMatch(/^# \.\.\.\n[\s\S]*x39 = 1\n$/)
  })
})

test('identifiers that are rare among the texts count more', () => {
  const scores = identifierOverlap('parse retry', ['parse', 'retry', 'parse it', 'parse', 'nothing'])
  expect(scores[1]).toBeGreaterThan(scores[0]!)
  expect(scores[0]).toBe(scores[2])
  expect(scores[4]).toBe(0)
})

test('words are split at the borders of identifiers', () => {
  expect(lexicalTerms('parseHTTPHeader snake_case v2 界面')).toEqual([
    'parsehttpheader',
    'parse',
    'http',
    'header',
    'snake_case',
    'snake',
    'case',
    'v2',
    'v',
    '2',
    '界面',
    '界',
    '面',
  ])
})

describe('the stage', () => {
  test('takes the budget of the run', async () => {
    const events: RunEvent[] = []
    const run = {
      emit: (event: RunEvent) => void events.push(event),
      now: () => 0,
      random: () => 0,
      budget: budget(30),
    }
    const state = await noModel({ parsers })(
      { query: 'retryDelay', passages: [passage(code, 'a.js')], reports: [] },
      run,
    )
    expect(hashedWordTokenizer.count(state.passages[0]!.text)).toBeLessThanOrEqual(30)
    expect(state.reports[0]).toMatchObject({ stage: 'no-model', detail: { method: 'no-model/bm25' } })
    expect(events).toContainEqual(expect.objectContaining({ type: 'passage-kept', id: 'a.js' }))
  })

  test('without any budget it says so', async () => {
    await expect(noModel()({ passages: [], reports: [] })).rejects.toMatchObject({ argument: 'budget' })
  })
})

test.each([
  [{ budget: budget(-1) }, 'budget.tokens'],
  [{ budget: budget(5), ranker: 'best' }, 'ranker'],
  [{ budget: budget(5), ranker: {} }, 'ranker'],
  [{ budget: budget(5), headShare: 2 }, 'headShare'],
])('%o is refused', async (options, argument) => {
  await expect(compressWithoutModel([], options as never)).rejects.toMatchObject({ code: 'invalid-argument', argument })
})
