/** @file LLMLingua and LongLLMLingua on SmolLM2 against what the official package returned with the same weights. */
import { readFileSync } from 'node:fs'
import { type OfficialLlmLinguaOptions, officialLlmLingua } from '@lc/compress/llmlingua'
import { type LocalModel, loadModel } from '@lc/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { gpt35Tokenizer } from './gpt35-tokenizer.ts'

interface Recording {
  texts: Record<string, string | string[]>
  records: {
    text: string
    structured: boolean
    arguments: Record<string, unknown>
    compressed: string
    originTokens: number
    compressedTokens: number
  }[]
}

const fixture = new URL('../packages/compress/fixtures/llmlingua/official.json', import.meta.url)
const { texts, records } = JSON.parse(readFileSync(fixture, 'utf8')) as Recording

const names: Record<string, keyof OfficialLlmLinguaOptions> = {
  rate: 'rate',
  target_token: 'targetTokens',
  iterative_size: 'segmentTokens',
  instruction: 'instruction',
  question: 'question',
  concate_question: 'appendQuestion',
  use_context_level_filter: 'filterContexts',
  use_sentence_level_filter: 'filterSentences',
  use_token_level_filter: 'filterTokens',
  dynamic_context_compression_ratio: 'dynamicRatio',
  rank_method: 'ranking',
  condition_compare: 'contrast',
  add_instruction: 'instructionFirst',
  force_context_ids: 'forcedContexts',
  strict_preserve_uncompressed: 'preserveUncompressed',
  keep_first_sentence: 'keepFirstSentences',
  keep_last_sentence: 'keepLastSentences',
  keep_sentence_number: 'keepSentences',
  keep_split: 'keepSplit',
}
const orders: Record<string, OfficialLlmLinguaOptions['order']> = {
  original: 'original',
  two_stage: 'two-stage',
  sort: 'rank',
}

function optionsOf(given: Record<string, unknown>): Partial<OfficialLlmLinguaOptions> {
  const options: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(given)) {
    if (name === 'reorder_context') options.order = orders[value as string]
    else if (name === 'context_budget') options.contextBudget = Number(value)
    else if (name === 'condition_in_question') {
      const [condition, after] = (value as string).split('_')
      if (condition !== 'none') options.condition = condition
      options.questionFirst = after === 'condition'
    } else if (names[name]) options[names[name]] = value
    else throw new TypeError(`no option for ${name}`)
  }
  return options
}

/** Of the tokens of two texts, as bags. */
function tokenF1(first: string, second: string): number {
  const [a, b] = [first, second].map((text) => Array.from(gpt35Tokenizer.encode(text).ids))
  const left = new Map<number, number>()
  for (const id of b!) left.set(id, (left.get(id) ?? 0) + 1)
  const shared = a!.filter((id) => {
    const count = left.get(id) ?? 0
    left.set(id, count - 1)
    return count > 0
  }).length
  return (2 * shared) / (a!.length + b!.length)
}

let model: LocalModel
beforeAll(async () => {
  model = await loadModel('smollm2-135m')
})
afterAll(() => model?.close())

describe('the official package', () => {
  const identical: boolean[] = []
  test.each(records.map((record) => [record.text, record.arguments, record] as const))(
    '%s %j',
    async (_, given, record) => {
      const text = texts[record.text]!
      const result = await officialLlmLingua(Array.isArray(text) ? text : [text], {
        scorer: model,
        tokenizer: gpt35Tokenizer,
        structured: record.structured,
        ...optionsOf(given),
      })
      identical.push(result.text === record.compressed)
      expect(result.originalTokens).toBe(record.originTokens)
      expect(tokenF1(result.text, record.compressed)).toBeGreaterThanOrEqual(0.995)
    },
  )

  test('is matched to the letter nine times in ten', () => {
    expect(identical).toHaveLength(records.length)
    expect(identical.filter(Boolean).length).toBeGreaterThanOrEqual(0.9 * records.length)
  })
})
