import { readFileSync } from 'node:fs'
import { Tokenizer } from '@huggingface/tokenizers'
import type { JsonObject } from '@lc/model'
import { describe, expect, test } from 'vitest'
import { fixturePath, readFixtureJson } from '../../fixtures/read-fixture.ts'
import { buildTokenizer } from './build-tokenizer.ts'
import { tokenizerFromJson } from './from-tokenizer-json.ts'
import { tokenizerJson } from './tokenizer-json.ts'

const texts = ['prose', 'code', 'unicode', 'numbers-and-markup'].map((name) =>
  readFileSync(fixturePath('smollm2-135m', 'texts', `${name}.txt`), 'utf8'),
)

describe.each([
  ['tiny-llama', 'byte-level merges'],
  ['tiny-bert', 'word pieces'],
  ['tiny-xlm-roberta', 'unigrams'],
  ['tiny-roberta', 'byte-level merges with begin and end tokens'],
])('%s (%s)', (folder) => {
  const original = readFixtureJson<JsonObject>(folder, 'tokenizer.json')
  const config = readFixtureJson<JsonObject>(folder, 'tokenizer_config.json')
  const definition = tokenizerFromJson({ file: 'tokenizer.json', json: original, config })
  const written = tokenizerJson(definition)

  test('reads back as the same tokenizer', () => {
    const before = buildTokenizer(definition)
    const after = buildTokenizer(tokenizerFromJson({ file: 'tokenizer.json', json: written, config }))
    for (const text of texts)
      for (const special of ['none', 'model'] as const)
        expect(after.encode(text, { special })).toEqual(before.encode(text, { special }))
    expect(after.encodePair('the ice', 'a ship')).toEqual(before.encodePair('the ice', 'a ship'))
  })

  test('another program reads the same ids from it as from the original', () => {
    const [theirs, ours] = [original, written].map((json) => new Tokenizer(json as never, config as never))
    for (const text of texts) expect(ours!.encode(text).ids).toEqual(theirs!.encode(text).ids)
  })

  test('keeps the vocabulary and the order of merges', () => {
    const model = original.model as JsonObject
    const own = written.model as JsonObject
    if (Array.isArray(model.vocab)) expect(own.vocab).toEqual(model.vocab)
    else
      expect(new Map(Object.entries(own.vocab as JsonObject))).toEqual(
        new Map(Object.entries(model.vocab as JsonObject)),
      )
    if (model.merges) expect(own.merges).toEqual(model.merges)
  })
})

test('special tokens of a template are named by their text, also where their file names them by id', () => {
  const json = readFixtureJson<JsonObject>('tiny-bert', 'tokenizer.json')
  const definition = tokenizerFromJson({ file: 'tokenizer.json', json })
  const piece = (id: string) => ({ SpecialToken: { id, type_id: 0 } })
  const text = { Sequence: { id: 'A', type_id: 0 } }
  const template = {
    type: 'TemplateProcessing',
    single: [piece('2'), text, piece('3')],
    pair: [piece('2'), text, piece('3')],
    special_tokens: { '2': { id: '2', ids: [2], tokens: [] }, '3': { id: '3', ids: [3], tokens: [] } },
  }
  expect(tokenizerJson({ ...definition, postProcessor: template }).post_processor).toEqual({
    type: 'TemplateProcessing',
    single: [piece('[CLS]'), text, piece('[SEP]')],
    pair: [piece('[CLS]'), text, piece('[SEP]')],
    special_tokens: {
      '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
      '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
    },
  })
})
