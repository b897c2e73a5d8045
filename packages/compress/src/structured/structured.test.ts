import type { Passage } from '@lc/model'
import { BudgetTooSmallError } from '@lc/model/errors'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hashedWordTokenizer as tokenizer } from '../testing-kit/adaptive-scorer.ts'
import { checkOrder } from '../testing-kit/check-result.ts'
import { type CompressStructuredOptions, compressStructured, type Structure } from './compress-structured.ts'

const runs = { numRuns: Number(process.env.FC_RUNS ?? 150) }

function passage(text: string, uri = 'data'): Passage {
  return { id: uri, text, source: { uri }, spans: [] }
}

function compress(
  text: string,
  structure: Structure,
  tokens: number,
  options: Partial<CompressStructuredOptions> = {},
) {
  return compressStructured([passage(text)], {
    budget: { tokens, tokenizer },
    query: '',
    method: 'no-model/json',
    structureOf: () => structure,
    ...options,
  })
}

/** Whether the second is the first with elements of arrays left out and strings cut. */
function isPartOf(whole: unknown, part: unknown): boolean {
  if (Array.isArray(whole)) {
    if (!Array.isArray(part)) return false
    let at = 0
    return part.every((each) => {
      while (at < whole.length && !isPartOf(whole[at], each)) at++
      return at++ < whole.length
    })
  }
  if (typeof whole === 'object' && whole !== null) {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return false
    const keys = Object.keys(whole)
    return (
      JSON.stringify(keys) === JSON.stringify(Object.keys(part)) &&
      keys.every((key) => isPartOf((whole as Record<string, unknown>)[key], (part as Record<string, unknown>)[key]))
    )
  }
  if (typeof whole === 'string' && typeof part === 'string')
    return part === whole || (part.endsWith('...') && whole.startsWith(part.slice(0, -3)))
  return Object.is(whole, part)
}

const hosts = Array.from({ length: 40 }, (_, index) => ({
  name: `host${index}`,
  load: index / 7,
  tags: ['a', 'b', 'c'],
}))
hosts[23] = { name: 'ursa', load: 99, tags: ['disk', 'full'] }

describe('JSON', () => {
  test.each([0, 1, 2, '\t'])(
    'keeps the elements that the query names, and all keys (indented by %j)',
    async (indent) => {
      const text = JSON.stringify({ kind: 'report', hosts, total: 40 }, undefined, indent)
      const result = await compress(text, 'json', 150, { query: 'which disk is full, ursa?' })
      const data = JSON.parse(result.text)
      expect(Object.keys(data)).toEqual(['kind', 'hosts', 'total'])
      expect(data.hosts).toContainEqual(hosts[23])
      expect(data.hosts.length).toBeGreaterThan(1)
      expect(result.tokens).toBeLessThanOrEqual(150)
      expect(result.tokens).toBeGreaterThan(130)
      expect(result.units.find(({ name }) => name === 'hosts[23]')?.state).toBe('whole')
    },
  )

  test('long strings are cut at their ends, with a marker', async () => {
    const log = Array.from({ length: 60 }, (_, index) => `step ${index} "done" \\ \u00e9`).join('\n')
    const result = await compress(JSON.stringify({ id: 7, log, ok: true }), 'json', 120)
    const data = JSON.parse(result.text)
    expect(data).toMatchObject({ id: 7, ok: true })
    expect(data.log.endsWith('...')).toBe(true)
    expect(log.startsWith(data.log.slice(0, -3))).toBe(true)
  })

  test('members go only where the keys alone are too much, and that is said', async () => {
    const text = JSON.stringify(Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`key${index}`, index])))
    const result = await compress(text, 'json', 60, { query: 'key31' })
    expect(JSON.parse(result.text)).toMatchObject({ key31: 31 })
    expect(result.warnings).toEqual(['the keys alone are over the budget: some were left out'])
  })

  test('lines of JSON lose whole lines', async () => {
    const text = `${hosts.map((host) => JSON.stringify(host)).join('\n')}\n`
    const result = await compress(text, 'json', 90, { query: 'ursa' })
    const lines = result.text.trim().split('\n')
    expect(lines.map((line) => JSON.parse(line).name)).toContain('ursa')
    expect(lines.length).toBeGreaterThan(1)
  })

  test('what is left parses and is part of the input, for any value and budget', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.array(fc.jsonValue({ maxDepth: 4 }), { maxLength: 12 }),
          fc.dictionary(
            fc.string(),
            fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.string({ minLength: 300, maxLength: 600, unit: 'binary' })),
          ),
        ),
        fc.nat(150),
        fc.constantFrom(undefined, 1, '\t'),
        async (value, tokens, indent) => {
          const text = JSON.stringify(value, undefined, indent)
          const result = await compress(text, 'json', tokens)
          checkOrder(result)
          expect(result.tokens).toBe(tokenizer.count(result.text))
          expect(result.tokens).toBeLessThanOrEqual(tokens)
          for (const { output, source } of result.spans)
            expect(result.text.slice(output.start, output.end)).toBe(text.slice(source.start, source.end))
          if (result.text === '') return
          const part = JSON.parse(result.text)
          if (result.warnings.length === 0) expect(isPartOf(JSON.parse(text), part), result.text).toBe(true)
        },
      ),
      runs,
    )
  })

  test('deep nesting neither overflows nor breaks', async () => {
    const text = `{"a": ${'['.repeat(5000)}1${']'.repeat(5000)}, "b": [1, 2, 3]}`
    const result = await compress(text, 'json', 40)
    expect(Object.keys(JSON.parse(result.text))).toEqual(['a', 'b'])
    expect(result.tokens).toBeLessThanOrEqual(40)
  })

  test('what is not JSON after all is read by sentences', async () => {
    const result = await compress('{"a": 1, One. Two. Three. Four. Five. Six.', 'json', 12)
    expect(result.text).not.toBe('')
    expect(result.tokens).toBeLessThanOrEqual(12)
  })

  test('protected text stays with its keys, or the error tells the minimum', async () => {
    const text = JSON.stringify({ hosts })
    const options = { protect: 'require', forcedPhrases: ['host38'] } as const
    const failure = await compress(text, 'json', 5, options).catch((error) => error)
    expect(failure).toBeInstanceOf(BudgetTooSmallError)
    const { text: kept } = await compress(text, 'json', failure.minimum, options)
    expect(JSON.parse(kept)).toEqual({ hosts: [expect.objectContaining({ name: 'host38' })] })
  })
})

describe('tables', () => {
  const rows = Array.from({ length: 30 }, (_, index) => [
    `city ${index}`,
    String(1800 + index),
    `"a, ""b""\nline ${index}"`,
  ])
  const csv = ['name,year,note', ...rows.map((row) => row.join(','))].join('\n')

  test('rows that the query names stay with the header; records over several lines are whole', async () => {
    const { text, tokens } = await compress(csv, 'table', 70, { query: 'city 17' })
    expect(text.startsWith('name,year,note\n')).toBe(true)
    expect(text).toContain('city 17,1817,"a, ""b""\nline 17"')
    expect(text.match(/"a, /g)!.length).toBe(text.match(/line \d+"/g)!.length)
    expect(tokens).toBeLessThanOrEqual(70)
  })

  test('have their header however well rows alone would rank', async () => {
    for (let tokens = 20; tokens < 80; tokens += 3) {
      const { text } = await compress(csv, 'table', tokens, { query: 'city line a b' })
      if (text !== '') expect(text.startsWith('name,year,note\n'), `${tokens}: ${text}`).toBe(true)
    }
  })

  test('of Markdown keep their header and separator; text around goes by itself', async () => {
    const table = ['| name | year |', '| :-- | --: |', ...rows.map(([name, year]) => `| ${name} | ${year} |`)].join(
      '\n',
    )
    const { text } = await compress(`Intro line.\n\n${table}\n\nOutro line.\n`, 'table', 60, { query: 'city 21' })
    expect(text).toContain('| name | year |\n| :-- | --: |\n|')
    expect(text).toContain('| city 21 | 1821 |')
  })

  test('a header that does not fit goes with its table', async () => {
    expect((await compress(csv, 'table', 3)).text).toBe('')
  })
})

describe('chats', () => {
  const turns = Array.from(
    { length: 20 },
    (_, index) => `user: What of part ${index}?\nassistant: Part ${index} is fine. It was checked.\n`,
  )
  const chat = `${turns.join('')}user: And the valve of part 7?\n`

  test('keep who said what is kept, and the last turn', async () => {
    const { text } = await compress(chat, 'chat', 70, { query: 'part 7' })
    expect(text.endsWith('user: And the valve of part 7?\n')).toBe(true)
    expect(text).toContain('user: What of part 7?\n')
    for (const line of text.trim().split('\n')) expect(line).toMatch(/^(user|assistant): \S/)
  })

  test('never have a speaker without words, in any budget', async () => {
    for (let tokens = 1; tokens < 130; tokens += 4) {
      const { text } = await compress(chat, 'chat', tokens)
      if (text !== '') expect(text, `${tokens}`).toMatch(/^(?:(?:user|assistant): \S.*\n)+$/)
    }
  })
})
