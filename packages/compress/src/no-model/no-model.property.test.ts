import type { Passage } from '@lc/model'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nodeCodeParsers } from '../node/node-parsers.ts'
import { hashedWordTokenizer } from '../testing-kit/adaptive-scorer.ts'
import { hostileText, someCode } from '../testing-kit/arbitrary-text.ts'
import { checkOrder, checkResult } from '../testing-kit/check-result.ts'
import { compressWithoutModel } from './no-model.ts'

const runs = { numRuns: Number(process.env.FC_RUNS ?? 80) }
const parsers = nodeCodeParsers()
const ranker = fc.constantFrom('bm25' as const, 'identifiers' as const, 'head-tail' as const)
const uri = fc.constantFrom('a.ts', 'b.py', 'c.md', 'd.txt', 'e.json', 'f.zig')

describe('for any text', () => {
  test('the budget holds, text is only left out, spans lead back, and nothing throws', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.oneof(someCode, hostileText), uri), { minLength: 1, maxLength: 3 }),
        fc.nat(200),
        ranker,
        fc.constantFrom('', 'alpha beta', '🙂 界面'),
        async (files, tokens, chosen, query) => {
          const passages = files.map(
            ([text, name], index): Passage => ({ id: `p${index}`, text, source: { uri: name }, spans: [] }),
          )
          const budget = { tokens, tokenizer: hashedWordTokenizer }
          const result = await compressWithoutModel(passages, { budget, ranker: chosen, parsers, query })
          checkResult(result, passages, budget)
          checkOrder(result)
        },
      ),
      runs,
    )
  })
})

test('10,000 tiny passages, many of them alike', async () => {
  const passages = Array.from({ length: 10_000 }, (_, index): Passage => {
    return { id: `p${index}`, text: `note ${index % 50}`, source: { uri: `n${index}.txt` }, spans: [] }
  })
  const budget = { tokens: 500, tokenizer: hashedWordTokenizer }
  const result = await compressWithoutModel(passages, { budget, query: 'note 7' })
  checkResult(result, passages, budget)
  expect(result.tokens).toBeGreaterThan(480)
  expect(result.text).toContain('note 7\n')
})
