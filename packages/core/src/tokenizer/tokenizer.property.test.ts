import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { JsonValue } from '@lc/model'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fixturePath } from '../../fixtures/read-fixture.ts'
import { buildTokenizer } from './build-tokenizer.ts'
import { tokenizerFromJson } from './from-tokenizer-json.ts'
import type { LocalTokenizer } from './local-tokenizer.ts'
import { makeSymbols, mergeSymbols } from './model/merge-symbols.ts'
import { type MergeRules, MergeTable } from './model/merge-table.ts'

const recorded = JSON.parse(
  gunzipSync(readFileSync(fixturePath('tokenizers', 'encodings.json.gz'))).toString('utf8'),
) as { tokenizers: Record<string, { definition: JsonValue }> }

const tokenizers = Object.entries(recorded.tokenizers).map(
  ([name, { definition }]) => [name, buildTokenizer(tokenizerFromJson({ file: name, json: definition }))] as const,
)
const byteLevel = tokenizers.filter(([name]) => ['gpt2', 'smollm', 'llama3', 'gpt4o'].includes(name))

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  // code units without regard to pairs: lone surrogates
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 30 }).map((units) => String.fromCharCode(...units)),
  fc
    .array(
      fc.constantFrom(
        ' ',
        '  ',
        '\n',
        '\r\n',
        'a',
        'the',
        "'s",
        '▁',
        '<s>',
        '[MASK]',
        '🙂',
        '\ud83d',
        'é',
        'e\u0301',
        '9',
      ),
      { maxLength: 20 },
    )
    .map((parts) => parts.join('')),
)

const wellFormed = (text: string): string =>
  text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd')

function checkSpans(tokenizer: LocalTokenizer, text: string): void {
  const { ids, spans } = tokenizer.encode(text)
  expect(spans).toHaveLength(ids.length)
  let previous = 0
  for (const { start, end } of spans) {
    expect(start).toBeGreaterThanOrEqual(0)
    expect(end).toBeLessThanOrEqual(text.length)
    expect(end).toBeGreaterThanOrEqual(start)
    expect(start).toBeGreaterThanOrEqual(previous)
    previous = start
  }
  for (const id of ids) expect(id).toBeLessThan(tokenizer.vocabularySize)
}

describe.each(tokenizers)('%s', (_, tokenizer) => {
  test('spans are ordered and inside any text, and count is the length of encode', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        checkSpans(tokenizer, text)
        expect(tokenizer.count(text)).toBe(tokenizer.encode(text).ids.length)
      }),
      { numRuns: 60 },
    )
  })

  test('special-token strings in a text are ordinary text unless asked for', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        for (const id of tokenizer.encode(`${text}<s>[MASK]</s>`).ids)
          expect(
            tokenizer.isSpecial(id) && tokenizer.tokenOf(id) !== '<unk>' && tokenizer.tokenOf(id) !== '[UNK]',
          ).toBe(false)
      }),
      { numRuns: 40 },
    )
  })
})

describe.each(byteLevel)('%s', (_, tokenizer) => {
  test('decoding gives the text back; lone surrogates become U+FFFD', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(tokenizer.decode(tokenizer.encode(text).ids, { special: 'keep' })).toBe(wellFormed(text))
      }),
      { numRuns: 100 },
    )
  })

  test('the spans cover the text, and every span of whole characters holds what its token stands for', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { ids, spans } = tokenizer.encode(text)
        let covered = 0
        for (const [i, { start, end }] of spans.entries()) {
          expect(start).toBeLessThanOrEqual(covered)
          const bytes = tokenizer.bytesOf(ids[i]!)
          const slice = new TextEncoder().encode(text.slice(start, end))
          if (bytes.length === slice.length) expect(bytes).toEqual(slice)
          else expect(bytes.length).toBeLessThan(slice.length)
          covered = end
        }
        expect(covered).toBe(text.length)
      }),
      { numRuns: 100 },
    )
  })

  test('a stream of tokens decodes as the whole does', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { ids } = tokenizer.encode(text)
        const stream = tokenizer.streamDecoder()
        expect([...ids].map((id) => stream.push(id)).join('') + stream.end()).toBe(tokenizer.decode(ids))
      }),
      { numRuns: 60 },
    )
  })

  test('literal ranges keep special-token strings ordinary, the others are recognised', () => {
    const text = 'a<s>b</s>'
    const ids = tokenizer.encodeRendered(text, [{ start: 1, end: 2 }]).ids
    expect([...ids].filter((id) => tokenizer.isSpecial(id)).map((id) => tokenizer.tokenOf(id))).toEqual(['</s>'])
    expect(tokenizer.decode(ids, { special: 'keep' })).toBe(text)
  })
})

/** Byte-pair merging as its definition says: one merge at a time over the whole list. */
function mergePlainly(ids: number[], rules: MergeRules): number[] {
  for (;;) {
    let best = -1
    for (let i = 0; i + 1 < ids.length; i++)
      if (best < 0 || rules.rank(ids[i]!, ids[i + 1]!) < rules.rank(ids[best]!, ids[best + 1]!)) best = i
    if (best < 0 || rules.rank(ids[best]!, ids[best + 1]!) === 0x7fffffff) return ids
    ids.splice(best, 2, rules.merged(ids[best]!, ids[best + 1]!))
  }
}

test('merging by scan and by heap is merging by definition', () => {
  const merges = fc.array(fc.tuple(fc.nat(11), fc.nat(11), fc.nat(11)), { maxLength: 60 })
  fc.assert(
    fc.property(merges, fc.array(fc.nat(5), { maxLength: 120 }), (list, ids) => {
      const rules = new MergeTable()
      for (const [rank, [left, right, merged]] of list.entries()) rules.add(left, right, rank, merged)
      const symbols = makeSymbols(ids.length)
      symbols.length = ids.length
      for (const [i, id] of ids.entries()) {
        symbols.ids[i] = id
        symbols.starts[i] = i
        symbols.ends[i] = i + 1
      }
      mergeSymbols(symbols, rules)
      expect([...symbols.ids.slice(0, symbols.length)]).toEqual(mergePlainly([...ids], rules))
      let at = 0
      for (let i = 0; i < symbols.length; i++) {
        expect(symbols.starts[i]).toBe(at)
        at = symbols.ends[i]!
      }
      expect(at).toBe(ids.length)
    }),
    { numRuns: 500 },
  )
})

test.each(tokenizers)('%s: the work grows no faster than the text on one line', (_, tokenizer) => {
  const unit = 'function merge(left,right){return left<right?[left]:[right];}'
  const time = (length: number): number => {
    const text = unit.repeat(Math.ceil(length / unit.length)).slice(0, length)
    tokenizer.count(text.slice(0, 2000))
    // processor time: other programs do not count
    const start = process.cpuUsage()
    tokenizer.count(text)
    const { user, system } = process.cpuUsage(start)
    return (user + system) / 1000
  }
  const small = Math.max(4, Math.min(time(40_000), time(40_000)))
  // eight times the text: linear is 8, quadratic 64
  expect(Math.min(time(320_000), time(320_000)) / small).toBeLessThan(28)
})
