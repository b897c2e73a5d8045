import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { JsonValue, Span } from '@lc/model'
import { describe, expect, test } from 'vitest'
import { fixturePath } from '../../fixtures/read-fixture.ts'
import { buildTokenizer } from './build-tokenizer.ts'
import { Component } from './component.ts'
import { tokenizerFromJson } from './from-tokenizer-json.ts'
import { buildNormalizer } from './normalize/build-normalizer.ts'
import { buildPreTokenizer } from './split/build-splitter.ts'
import { originOf, plainText } from './text/aligned-text.ts'

/** What the Rust library `tokenizers` gives; see `fixtures/tokenizers/make.py`. */
function readRecorded<T>(name: string): T {
  return JSON.parse(gunzipSync(readFileSync(fixturePath('tokenizers', name))).toString('utf8')) as T
}

interface Encodings {
  texts: string[]
  tokenizers: Record<
    string,
    {
      definition: JsonValue
      plain: { ids: number[]; offsets: number[] }[]
      decoded: string[]
      model: number[][]
      pair: { ids: number[]; typeIds: number[] }
    }
  >
}

/**
 * Where our offsets mean to differ: a mark put before the text stands for nothing (theirs: for the next character), and
 * what a normal form makes out of several characters stands for all of them (theirs: for the first).
 */
function isExplained(text: string, token: string, ours: Span, theirs: Span): boolean {
  if ((token === '▁' || token === 'Ġ') && ours.start === ours.end && ours.start === theirs.start) return true
  const slice = text.slice(ours.start, ours.end)
  // a replaced run of spaces: ours covers the run, theirs its last space
  if (/^ {2,}/.test(slice)) return ours.start <= theirs.start && theirs.end === ours.end
  const changes = slice.normalize('NFKD') !== slice || slice.normalize('NFC') !== slice
  return changes && ours.start <= theirs.start && theirs.end <= ours.end
}

const encodings = readRecorded<Encodings>('encodings.json.gz')

describe.each(Object.entries(encodings.tokenizers))('tokenizer %s', (name, recorded) => {
  const tokenizer = buildTokenizer(tokenizerFromJson({ file: name, json: recorded.definition }))
  // recorded with special tokens recognised, none added
  const encode = (text: string): ReturnType<typeof tokenizer.encodeRendered> => tokenizer.encodeRendered(text)

  test.each(encodings.texts.map((text, i) => [text, recorded.plain[i]!] as const))('ids of %j', (text, { ids }) => {
    expect([...encode(text).ids]).toEqual(ids)
  })

  test.each(encodings.texts.map((text, i) => [text, recorded.plain[i]!] as const))(
    'offsets of %j',
    (text, { offsets }) => {
      const { ids, spans } = encode(text)
      const theirs = spans.map((_, i) => ({ start: offsets[2 * i]!, end: offsets[2 * i + 1]! }))
      const ours = spans.map((span, i) =>
        isExplained(text, tokenizer.tokenOf(ids[i]!)!, span, theirs[i]!) ? theirs[i] : span,
      )
      expect(ours).toEqual(theirs)
    },
  )

  test('decoded texts', () => {
    expect(recorded.plain.map(({ ids }) => tokenizer.decode(ids))).toEqual(recorded.decoded)
  })

  test('the model tokens around a text', () => {
    expect(encodings.texts.slice(0, 4).map((text) => [...tokenizer.encode(text, { special: 'model' }).ids])).toEqual(
      recorded.model,
    )
  })

  test('a pair', () => {
    const { ids, typeIds } = tokenizer.encodePair('one two', 'three')
    expect({ ids: [...ids], typeIds: [...typeIds] }).toEqual(recorded.pair)
  })
})

interface Splits {
  texts: string[]
  splitters: Record<string, { definition: JsonValue; pieces: [string, number, number][][] }>
}

const splits = readRecorded<Splits>('splits.json.gz')

test.each(Object.entries(splits.splitters))('pre-tokenizer: %s', (name, { definition, pieces }) => {
  const { split } = buildPreTokenizer(new Component(name, 'pre_tokenizer', definition))
  for (const [i, text] of splits.texts.entries()) {
    const ours = (text === '' ? [] : split(plainText(text), true)).map((piece) => {
      const { start, end } = originOf(piece, 0, piece.text.length)
      return [piece.text, start, end]
    })
    expect({ text, pieces: ours }).toEqual({ text, pieces: pieces[i] })
  }
})

interface Normalisations {
  texts: string[]
  normalizers: Record<string, { definition: JsonValue; texts: string[] }>
}

const normalisations = readRecorded<Normalisations>('normalisations.json.gz')

test.each(Object.entries(normalisations.normalizers))('normalizer: %s', (name, { definition, texts }) => {
  const normalise = buildNormalizer(new Component(name, 'normalizer', definition))
  for (const [i, text] of normalisations.texts.entries())
    expect({ text, normal: normalise(plainText(text)).text }).toEqual({ text, normal: texts[i] })
})
