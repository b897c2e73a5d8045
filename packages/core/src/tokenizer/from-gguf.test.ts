import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { JsonValue } from '@lc/model'
import { describe, expect, test } from 'vitest'
import { fixturePath } from '../../fixtures/read-fixture.ts'
import { GgufMetadata, type GgufValue } from '../weights/gguf/gguf-metadata.ts'
import { buildTokenizer } from './build-tokenizer.ts'
import { tokenizerFromGguf } from './from-gguf.ts'
import { tokenizerFromJson } from './from-tokenizer-json.ts'
import type { LocalTokenizer } from './local-tokenizer.ts'

interface Definition {
  added_tokens: { id: number; content: string }[]
  model: { vocab: Record<string, number> | [string, number][]; merges?: [string, string][] }
}

const recorded = JSON.parse(
  gunzipSync(readFileSync(fixturePath('tokenizers', 'encodings.json.gz'))).toString('utf8'),
) as { texts: string[]; tokenizers: Record<string, { definition: JsonValue & Definition; plain: { ids: number[] }[] }> }

function strings(list: string[]): GgufValue {
  return { kind: 'strings', length: list.length, decode: () => list }
}

function numbers(values: number[]): GgufValue {
  return { kind: 'numbers', length: values.length, values }
}

/** A recorded tokenizer as the metadata of a GGUF file. */
function metadata(
  name: string,
  model: string,
  more: Record<string, GgufValue>,
  rename = (token: string): string => token,
): GgufMetadata {
  const { definition } = recorded.tokenizers[name]!
  const { vocab } = definition.model
  const tokens: string[] = []
  for (const [token, id] of Array.isArray(vocab)
    ? vocab.map(([text], place) => [text, place] as const)
    : Object.entries(vocab))
    tokens[id] = token
  // ids that the recording leaves out
  for (let id = 0; id < tokens.length; id++) tokens[id] ??= `<hole ${id}>`
  const special = new Set(definition.added_tokens.map(({ content }) => content))
  const types = tokens.map((token) =>
    special.has(token) ? 3 : token.startsWith('<hole') ? 5 : /^<0x[0-9A-F]{2}>$/.test(token) ? 6 : 1,
  )
  return new GgufMetadata(
    'test.gguf',
    new Map<string, GgufValue>(
      Object.entries({
        'tokenizer.ggml.model': model,
        'tokenizer.ggml.tokens': strings(tokens.map((token) => (special.has(token) ? token : rename(token)))),
        'tokenizer.ggml.token_type': numbers(types),
        ...more,
      }),
    ),
  )
}

function fromGguf(source: GgufMetadata): LocalTokenizer {
  return buildTokenizer(tokenizerFromGguf(source))
}

function merges(name: string): GgufValue {
  return strings(recorded.tokenizers[name]!.definition.model.merges!.map((pair) => pair.join(' ')))
}

/** Vocabulary ids of a trained byte-pair model are in the order of its merges: so are scores of minus the id. */
function scores(name: string): GgufValue {
  const count =
    Math.max(...Object.values(recorded.tokenizers[name]!.definition.model.vocab as Record<string, number>)) + 1
  return numbers(Array.from({ length: count }, (_, id) => -id))
}

/** WordPiece marks continuations, GGUF marks starts. */
const startMarks = (token: string): string => (token.startsWith('##') ? token.slice(2) : `▁${token}`)

const cases: [name: string, source: GgufMetadata][] = [
  ['smollm', metadata('smollm', 'gpt2', { 'tokenizer.ggml.pre': 'smollm', 'tokenizer.ggml.merges': merges('smollm') })],
  ['gpt2', metadata('gpt2', 'gpt2', { 'tokenizer.ggml.pre': 'gpt-2', 'tokenizer.ggml.merges': merges('gpt2') })],
  [
    'llama3',
    metadata('llama3', 'gpt2', { 'tokenizer.ggml.pre': 'llama-bpe', 'tokenizer.ggml.merges': merges('llama3') }),
  ],
  ['gpt4o', metadata('gpt4o', 'gpt2', { 'tokenizer.ggml.pre': 'gpt-4o', 'tokenizer.ggml.merges': merges('gpt4o') })],
  ['llama2', metadata('llama2', 'llama', { 'tokenizer.ggml.scores': scores('llama2') })],
  ['gemma', metadata('gemma', 'llama', { 'general.architecture': 'gemma3' })],
  [
    'bertUncased',
    metadata(
      'bertUncased',
      'bert',
      {
        'tokenizer.ggml.unknown_token_id': 1,
        'tokenizer.ggml.cls_token_id': 2,
        'tokenizer.ggml.seperator_token_id': 3,
      },
      startMarks,
    ),
  ],
  [
    'bertCased',
    metadata(
      'bertCased',
      'bert',
      { 'tokenizer.ggml.unknown_token_id': 1, 'tokenizer.ggml.normalizer.lowercase': false },
      startMarks,
    ),
  ],
]

describe.each(cases)('%s', (name, source) => {
  const tokenizer = fromGguf(source)
  // GGUF's mark for starts of words makes the continuation ##▁ of WordPiece unsayable
  const texts = recorded.texts
    .map((text, i) => ({ text, ids: recorded.tokenizers[name]!.plain[i]!.ids }))
    .filter(({ text }) => !(name.startsWith('bert') && text.includes('▁')))

  test('gives the ids of the tokenizer that it was made from', () => {
    // bertCased and bertUncased: [MASK] and others are control tokens in both
    for (const { text, ids } of texts)
      expect({ text, ids: [...tokenizer.encodeRendered(text).ids] }).toEqual({ text, ids })
  })

  test('gives back its own texts', () => {
    const folder = buildTokenizer(tokenizerFromJson({ file: name, json: recorded.tokenizers[name]!.definition }))
    for (const { ids } of texts) expect(tokenizer.decode(ids)).toBe(folder.decode(ids))
  })
})

test('t5 vocabularies become Unigram models', () => {
  const { vocab } = recorded.tokenizers.unigramNfkc!.definition.model as { vocab: [string, number][] }
  const tokenizer = fromGguf(
    metadata('unigramNfkc', 't5', {
      'tokenizer.ggml.scores': numbers(vocab.map(([, score]) => score)),
      'tokenizer.ggml.unknown_token_id': 3,
      'tokenizer.ggml.bos_token_id': 0,
      'tokenizer.ggml.eos_token_id': 2,
      'tokenizer.ggml.add_bos_token': true,
    }),
  )
  const [text] = recorded.texts
  expect([...tokenizer.encodeRendered(text!).ids]).toEqual(recorded.tokenizers.unigramNfkc!.plain[0]!.ids)
  const framed = [...tokenizer.encode(text!, { special: 'model' }).ids]
  expect([framed[0], framed.at(-1)]).toEqual([0, 2])
})

test('a tokenizer.json inside the file is preferred', () => {
  const { definition, plain } = recorded.tokenizers.gpt4o!
  const tokenizer = fromGguf(
    new GgufMetadata(
      'test.gguf',
      new Map<string, GgufValue>([
        ['tokenizer.huggingface.json', JSON.stringify(definition)],
        ['tokenizer.ggml.eos_token_id', 2],
      ]),
    ),
  )
  expect(recorded.texts.map((text) => [...tokenizer.encodeRendered(text).ids])).toEqual(plain.map(({ ids }) => ids))
  expect(tokenizer.special.end).toBe(2)
  expect(() => fromGguf(new GgufMetadata('t', new Map([['tokenizer.huggingface.json', '{']])))).toThrow(
    expect.objectContaining({ code: 'file-format' }),
  )
})

test('the id of a tokenizer changes with its merges', () => {
  const withMerges = (count: number): string =>
    fromGguf(
      metadata('gpt2', 'gpt2', {
        'tokenizer.ggml.pre': 'gpt-2',
        'tokenizer.ggml.merges': strings(
          recorded.tokenizers.gpt2!.definition.model.merges!.slice(0, count).map((pair) => pair.join(' ')),
        ),
      }),
    ).id
  expect(withMerges(10)).toBe(withMerges(10))
  expect(withMerges(10)).not.toBe(withMerges(11))
})

test('begin tokens follow the flags, and the defaults where a file is silent', () => {
  const begins = (more: Record<string, GgufValue>): boolean =>
    fromGguf(metadata('llama2', 'llama', { 'tokenizer.ggml.scores': scores('llama2'), ...more })).encode('a', {
      special: 'model',
    }).ids[0] === 1
  expect(begins({})).toBe(true)
  expect(begins({ 'tokenizer.ggml.add_bos_token': false })).toBe(false)
})

test.each([
  ['no tokenizer', new Map<string, GgufValue>()],
  ['an unknown kind', new Map<string, GgufValue>([['tokenizer.ggml.model', 'rwkv']])],
  ['no tokens', new Map<string, GgufValue>([['tokenizer.ggml.model', 'gpt2']])],
  [
    'an unknown pre-tokenizer',
    new Map<string, GgufValue>([
      ['tokenizer.ggml.model', 'gpt2'],
      ['tokenizer.ggml.tokens', strings(['a'])],
      ['tokenizer.ggml.pre', 'no-such'],
    ]),
  ],
  [
    'a merge of nothing',
    new Map<string, GgufValue>([
      ['tokenizer.ggml.model', 'gpt2'],
      ['tokenizer.ggml.tokens', strings(['a'])],
      ['tokenizer.ggml.pre', 'gpt-2'],
      ['tokenizer.ggml.merges', strings(['a b'])],
    ]),
  ],
  [
    'too few types',
    new Map<string, GgufValue>([
      ['tokenizer.ggml.model', 'gpt2'],
      ['tokenizer.ggml.tokens', strings(['a'])],
      ['tokenizer.ggml.token_type', numbers([])],
    ]),
  ],
  [
    'an id that is no token',
    new Map<string, GgufValue>([
      ['tokenizer.ggml.model', 'gpt2'],
      ['tokenizer.ggml.tokens', strings(['a'])],
      ['tokenizer.ggml.pre', 'gpt-2'],
      ['tokenizer.ggml.bos_token_id', 5],
    ]),
  ],
])('%s is refused', (_, values) => {
  expect(() => tokenizerFromGguf(new GgufMetadata('test.gguf', values))).toThrow(
    expect.objectContaining({ code: 'file-format', file: 'test.gguf' }),
  )
})
