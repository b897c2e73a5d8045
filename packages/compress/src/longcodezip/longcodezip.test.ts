import type { Passage, RunEvent } from '@lc/model'
import { describe, expect, test } from 'vitest'
import { nodeCodeParsers } from '../node/node-parsers.ts'
import { AdaptiveScorer, hashedWordTokenizer } from '../testing-kit/adaptive-scorer.ts'
import { compressCode } from './compress-code.ts'
import { longCodeZip } from './longcodezip.ts'

const parsers = nodeCodeParsers()

const shop = `import { tax } from './tax'

/** A basket of goods. */
export class Basket {
  items = []

  /** Adds a good. */
  add(good) {
    this.items.push(good)
    this.changed = true
    notify(this.items)
  }

  total() {
    let sum = 0
    for (const item of this.items) {
      sum += item.price
    }
    return sum
  }
}

function retryDelay(attempt) {
  const base = 250
  const factor = 2 ** attempt
  const jitter = Math.random() * 50
  return base * factor + jitter
}

function unrelated() {
  console.log('a')
  console.log('b')
  console.log('c')
}
`

function passage(text: string, uri = 'shop.js'): Passage {
  return { id: uri, text, source: { uri }, spans: [] }
}

function compress(text: string, budget: number, query = 'where is the retryDelay computed from attempt', uri?: string) {
  return compressCode([passage(text, uri)], { scorer: new AdaptiveScorer(), parsers, budget, query })
}

describe('what is kept', () => {
  test.each(['joint', 'paper'] as const)('the function that the query is about (%s)', async (mode) => {
    const result = await compressCode([passage(shop)], {
      scorer: new AdaptiveScorer(),
      parsers,
      budget: 90,
      mode,
      query: 'where is the retryDelay computed from attempt',
    })
    expect(result.units.find((unit) => unit.name === 'retryDelay')?.state).not.toBe('dropped')
    expect(result.text).toContain('function retryDelay(attempt) {')
    expect(result.text).not.toContain('console.log')
  })

  test('a method brings the header and the end of its class', async () => {
    const { text, units } = await compress(shop, 100, 'sum of item.price of items: total')
    expect(units.find((unit) => unit.name === 'Basket.total')?.state).not.toBe('dropped')
    expect(text).toMatch(/export class Basket \{\n[\s\S]*total\(\) \{\n[\s\S]*\n\}\n/)
  })

  test('omissions are marked in the language of the file, with its indentation and line ends', async () => {
    expect((await compress(shop, 60)).text).toMatch(/^\/\/ \.\.\.$/m)
    const python = 'def a():\n    return 1\n\n\ndef retry_delay():\n    return 2\n'
    expect((await compress(python, 20, 'retry_delay', 'x.py')).text).toBe('# ...\ndef retry_delay():\n    return 2\n')
    const { text } = await compress(shop.replaceAll('\n', '\r\n'), 60)
    expect(text).toContain('// ...\r\n')
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
  })

  test('counted markers tell how many lines are gone, no markers leave no trace', async () => {
    const options = { scorer: new AdaptiveScorer(), parsers, budget: 60, query: 'retryDelay attempt' }
    expect((await compressCode([passage(shop)], { ...options, omission: 'counted' })).text).toMatch(
      /\/\/ \.\.\. \d+ lines/,
    )
    expect((await compressCode([passage(shop)], { ...options, omission: 'none' })).text).not.toContain('...')
  })

  test('several files get titles, each kept only with something of its file', async () => {
    const passages = [passage(shop, 'src/shop.js'), passage('def other():\n    return 3\n', 'other.py')]
    const result = await compressCode(passages, {
      scorer: new AdaptiveScorer(),
      parsers,
      budget: 70,
      query: 'retryDelay',
    })
    expect(result.text.startsWith('// src/shop.js\n')).toBe(true)
    expect(result.text).not.toContain('other')
    expect(result.passages.map((each) => each.id)).toEqual(['src/shop.js'])
  })

  test('units beyond the prefilter are not read by the model', async () => {
    const many = Array.from({ length: 200 }, (_, index) => `function f${index}() {\n  return ${index}\n}\n`).join('\n')
    const scorer = new AdaptiveScorer()
    const options = { scorer, parsers, budget: 50, query: 'f77' }
    const result = await compressCode([passage(many)], { ...options, prefilter: 2 })
    expect(result.units.filter((unit) => unit.score !== null).length).toBeLessThan(20)
    expect(result.warnings[0]).toContain('BM25')
    expect(result.text).toContain('function f77()')
    expect(scorer.tokens).toBeLessThan(1500)
  })
})

describe('limits', () => {
  test('an input within the budget comes back unchanged, unscored', async () => {
    const scorer = new AdaptiveScorer()
    const result = await compressCode([passage(shop)], { scorer, parsers, budget: 100_000, query: 'x' })
    expect(result.text).toBe(shop)
    expect(scorer.calls).toBe(0)
    expect(result.units.every((unit) => unit.state === 'whole')).toBe(true)
  })

  test('budget 0 gives an empty result', async () => {
    const result = await compress(shop, 0)
    expect(result).toMatchObject({ text: '', tokens: 0, passages: [], budget: 0 })
  })

  test('no passages and empty passages', async () => {
    expect((await compressCode([], { scorer: new AdaptiveScorer(), budget: 5 })).text).toBe('')
    expect(await compress('', 5)).toMatchObject({ text: '', tokens: 0, originalTokens: 0 })
  })

  test('an empty query keeps the start of the file', async () => {
    const scorer = new AdaptiveScorer()
    const result = await compressCode([passage(shop)], { scorer, parsers, budget: 80 })
    expect(result.text.length).toBeGreaterThan(0)
    expect(result.units.every((unit) => unit.score === null)).toBe(true)
  })

  test('a query longer than the context is cut, and the result says so', async () => {
    const scorer = new AdaptiveScorer(64)
    const query = 'where is retryDelay computed '.repeat(100)
    const result = await compressCode([passage(shop)], { scorer, parsers, budget: 80, query })
    expect(result.warnings[0]).toContain('the query has')
    expect(result.tokens).toBeLessThanOrEqual(80)
  })

  test('a unit longer than the context is scored in windows', async () => {
    const long = `function big() {\n${'  step(alpha)\n'.repeat(200)}  return retryDelay\n}\n`
    const result = await compressCode([passage(long)], {
      scorer: new AdaptiveScorer(128),
      parsers,
      budget: 60,
      query: 'retryDelay',
    })
    expect(result.units.find((unit) => unit.name === 'big')?.score).toBeGreaterThan(0)
  })

  test('1 MB on one line, binary bytes, an unknown language', async () => {
    const line = `${'var a=f(1,2);'.repeat(80_000)}`
    expect((await compress(line, 200, 'f', 'min.js')).tokens).toBeLessThanOrEqual(200)
    const binary = Array.from({ length: 20_000 }, (_, index) => String.fromCharCode((index * 7919) % 256)).join('')
    expect((await compress(binary, 200, 'f', 'data.bin')).tokens).toBeLessThanOrEqual(200)
    expect((await compress(shop, 80, 'retryDelay', 'shop.zig')).text).toContain('retryDelay')
  })

  test.each([
    ['min.js', (length: number) => 'var a=f(1,2);'.repeat(length / 13)],
    ['data.json', (length: number) => `[${'{"id":17,"tags":["f"]},'.repeat(length / 23)}{}]`],
    ['blob.txt', (length: number) => 'f7,Zq;'.repeat(length / 6)],
  ])('what the model reads of one line does not grow with the line: %s', async (uri, lineOf) => {
    const read: number[] = []
    for (const length of [100_000, 400_000]) {
      const scorer = new AdaptiveScorer()
      const { tokens } = await compressCode([passage(lineOf(length), uri)], {
        scorer,
        parsers,
        budget: 200,
        query: 'f',
      })
      expect(tokens).toBeLessThanOrEqual(200)
      read.push(scorer.tokens)
    }
    // 12 budgets for the prefilter, and what the fine stage reads again; but one unit at least
    expect(read[1]!).toBeLessThanOrEqual(Math.max(1.5 * read[0]!, 20 * 200))
  })

  test('a named tokenizer counts the budget', async () => {
    const letters = {
      ...hashedWordTokenizer,
      id: 'letters',
      encode: (text: string) => ({
        ids: Uint32Array.from(text, (each) => each.charCodeAt(0)),
        spans: Array.from(text, (_, start) => ({ start, end: start + 1 })),
      }),
      count: (text: string) => text.length,
    }
    const budget = { tokens: 200, tokenizer: letters }
    const result = await compressCode([passage(shop)], {
      scorer: new AdaptiveScorer(),
      parsers,
      budget,
      query: 'retryDelay',
    })
    expect(result.tokenizer).toBe('letters')
    expect(result.text.length).toBeLessThanOrEqual(200)
    expect(result.tokens).toBe(result.text.length)
  })

  test.each([
    [{ budget: -1 }, 'budget'],
    [{ budget: 1.5 }, 'budget'],
    [{ budget: undefined }, 'budget'],
    [{ budget: 10, mode: 'best' }, 'mode'],
    [{ budget: 10, fineRatio: 0 }, 'fineRatio'],
    [{ budget: 10, scorer: {} }, 'scorer'],
    [{ budget: 10, language: 'klingon' }, 'language'],
  ])('%o is refused', async (options, argument) => {
    await expect(
      compressCode([passage(shop)], { scorer: new AdaptiveScorer(), ...(options as { budget: number }) }),
    ).rejects.toMatchObject({ code: 'invalid-argument', argument })
  })

  test('two passages with one id are refused', async () => {
    await expect(
      compressCode([passage('a'), passage('b')], { scorer: new AdaptiveScorer(), budget: 5 }),
    ).rejects.toMatchObject({ argument: 'passages.id' })
  })
})

describe('the stage', () => {
  test('passes on passages that lead to their source, with a report and events', async () => {
    const events: RunEvent[] = []
    const run = { emit: (event: RunEvent) => void events.push(event), now: () => 0, random: () => 0 }
    const offset = 1000
    const slice: Passage = {
      id: 'slice',
      text: shop,
      source: { uri: 'big.js' },
      spans: [{ output: { start: 0, end: shop.length }, source: { start: offset, end: offset + shop.length } }],
    }
    const stage = longCodeZip({ scorer: new AdaptiveScorer(), parsers, budget: 90 })
    const state = { query: 'retryDelay', passages: [slice, passage('print(1)\n'.repeat(50), 'b.py')], reports: [] }
    const { passages, reports } = await stage(state, run)
    for (const { output, source } of passages[0]!.spans)
      expect(passages[0]!.text.slice(output.start, output.end)).toBe(
        shop.slice(source.start - offset, source.end - offset),
      )
    expect(reports).toMatchObject([{ stage: 'longcodezip', detail: { method: 'longcodezip/joint', budget: 90 } }])
    expect(JSON.parse(JSON.stringify(reports))).toEqual(reports)
    expect(events).toContainEqual(expect.objectContaining({ type: 'passage-kept', id: 'slice' }))
    expect(events).toContainEqual(expect.objectContaining({ type: 'passage-dropped', id: 'b.py' }))
  })

  test('takes the budget of the run when it has none', async () => {
    const stage = longCodeZip({ scorer: new AdaptiveScorer(), parsers })
    const run = { emit() {}, now: () => 0, random: () => 0, budget: { tokens: 50, tokenizer: hashedWordTokenizer } }
    const { passages } = await stage({ query: 'retryDelay', passages: [passage(shop)], reports: [] }, run)
    expect(hashedWordTokenizer.count(passages[0]!.text)).toBeLessThanOrEqual(50)
  })

  test('an abort is rethrown as it is', async () => {
    const reason = new Error('enough')
    const stage = longCodeZip({ scorer: new AdaptiveScorer(), parsers, budget: 50 })
    const run = { emit() {}, now: () => 0, random: () => 0, signal: AbortSignal.abort(reason) }
    await expect(stage({ passages: [passage(shop)], reports: [] }, run)).rejects.toBe(reason)
  })
})

test('expand gives back the whole text of what was dropped', async () => {
  const result = await compress(shop, 60)
  const unit = result.units.find((each) => each.name === 'unrelated')!
  expect(unit.state).toBe('dropped')
  expect(result.expand(unit.id)).toContain("console.log('c')")
  expect(result.expand('shop.js')).toBe(shop)
  expect(() => result.expand('nothing')).toThrow(expect.objectContaining({ argument: 'id' }))
})
