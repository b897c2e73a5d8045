/** @file LLMLingua-2 with tiny random classifiers against what the official package returned with the same. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type OfficialLlmLingua2Options, officialLlmLingua2 } from '@lc/compress/llmlingua2'
import { type LocalTokenClassifier, loadTokenClassifier } from '@lc/core/encoder'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { gpt35Tokenizer } from './gpt35-tokenizer.ts'

interface Recording {
  texts: Record<string, string[]>
  records: {
    model: string
    text: string
    arguments: Record<string, unknown>
    compressed: string
    originTokens: number
    compressedTokens: number
  }[]
}

const folder = new URL('../packages/compress/fixtures/llmlingua2/', import.meta.url)
const { texts, records } = JSON.parse(readFileSync(new URL('official.json', folder), 'utf8')) as Recording

const names: Record<string, keyof OfficialLlmLingua2Options> = {
  rate: 'rate',
  target_token: 'targetTokens',
  force_tokens: 'forcedTokens',
  force_reserve_digit: 'keepDigits',
  drop_consecutive: 'dropConsecutive',
  token_to_word: 'merge',
  chunk_end_tokens: 'chunkEnds',
  context_level_rate: 'contextRate',
  target_context: 'targetContexts',
  force_context_ids: 'forcedContexts',
  use_context_level_filter: 'filterContexts',
  use_token_level_filter: 'filterTokens',
}

function optionsOf(given: Record<string, unknown>): Partial<OfficialLlmLingua2Options> {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      if (!names[name]) throw new TypeError(`no option for ${name}`)
      return [names[name], value]
    }),
  )
}

describe.each(['xlm-roberta-large', 'bert-base-multilingual-cased'])('with %s', (model) => {
  let classifier: LocalTokenClassifier
  beforeAll(async () => {
    classifier = await loadTokenClassifier(fileURLToPath(new URL(model, folder)))
  })
  afterAll(() => classifier?.close())

  const own = records.filter((record) => record.model === model)
  test.each(own.map((record) => [record.text, record.arguments, record] as const))(
    '%s %j',
    async (_, given, record) => {
      const result = await officialLlmLingua2(texts[record.text]!, {
        classifier,
        tokenizer: gpt35Tokenizer,
        ...optionsOf(given),
      })
      expect(result.text).toBe(record.compressed)
      expect([result.originalTokens, result.tokens]).toEqual([record.originTokens, record.compressedTokens])
    },
  )
})
