/** @file What holds for every input: the budget, nothing but omissions, spans that lead back, and no crash. */
import type { Passage, TokenBudget } from '@lc/model'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CompressionResult } from '../compressor/compression-result.ts'
import { nodeCodeParsers } from '../node/node-parsers.ts'
import { AdaptiveScorer, hashedWordTokenizer } from '../testing-kit/adaptive-scorer.ts'
import { hostileText, someCode } from '../testing-kit/arbitrary-text.ts'
import { compressCode } from './compress-code.ts'

const runs = { numRuns: Number(process.env.FC_RUNS ?? 60) }
const parsers = nodeCodeParsers()

function passage(text: string, uri: string, id = uri): Passage {
  return { id, text, source: { uri }, spans: [] }
}

/** Every claim that a result makes about itself. */
function checkResult(result: CompressionResult, passages: readonly Passage[], budget: TokenBudget): void {
  expect(result.tokens).toBe(budget.tokenizer.count(result.text))
  expect(result.tokens).toBeLessThanOrEqual(budget.tokens)
  const texts = new Map(passages.map((each) => [each.id, each.text]))
  let at = 0
  for (const { output, passageId, source } of result.spans) {
    expect(output.start).toBeGreaterThanOrEqual(at)
    expect(result.text.slice(output.start, output.end)).toBe(texts.get(passageId)!.slice(source.start, source.end))
    at = output.end
  }
  // what no span covers is a title or a marker
  let rest = ''
  let from = 0
  for (const { output } of result.spans) {
    rest += `${result.text.slice(from, output.start)}\n`
    from = output.end
  }
  rest += result.text.slice(from)
  for (const line of rest.split('\n'))
    expect(line.trim()).toMatch(/^$|^((\/\/|#|--|\/\*|<!--) )?\.\.\.|^(File:|\/\/|#|\/\*|<!--|--) /)
  for (const unit of result.units) {
    expect(result.expand(unit.id)).toBe(texts.get(unit.passageId)!.slice(unit.start, unit.end))
    expect(unit.state === 'dropped').toBe(unit.kept.length === 0)
    for (const span of unit.kept) {
      expect(span.start).toBeGreaterThanOrEqual(unit.start)
      expect(span.end).toBeLessThanOrEqual(unit.end)
    }
  }
}

/** Each passage's kept text comes from increasing offsets: nothing is repeated, nothing is moved. */
function checkOrder(result: CompressionResult): void {
  const ends = new Map<string, number>()
  for (const { passageId, source } of result.spans) {
    expect(source.start).toBeGreaterThanOrEqual(ends.get(passageId) ?? 0)
    ends.set(passageId, source.end)
  }
}

const mode = fc.constantFrom('joint' as const, 'paper' as const)
const uri = fc.constantFrom('a.ts', 'b.py', 'c.go', 'd.rs', 'e.java', 'f.cpp', 'g.css', 'h.json', 'i.md', 'j.unknown')

describe('for any code', () => {
  test('the budget holds, text is only left out, and spans lead back', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(someCode, uri), { minLength: 1, maxLength: 3 }),
        fc.nat(400),
        mode,
        fc.constantFrom('', 'alpha beta', 'where is gamma computed'),
        async (files, tokens, chosen, query) => {
          const passages = files.map(([text, name], index) => passage(text, name, `p${index}`))
          const budget = { tokens, tokenizer: hashedWordTokenizer }
          const result = await compressCode(passages, {
            scorer: new AdaptiveScorer(),
            budget,
            parsers,
            mode: chosen,
            query,
          })
          checkResult(result, passages, budget)
          checkOrder(result)
        },
      ),
      runs,
    )
  })

  test('what is left of the budget is used: no dropped block would still fit', async () => {
    await fc.assert(
      fc.asyncProperty(someCode, fc.integer({ min: 40, max: 300 }), async (text, tokens) => {
        const passages = [passage(text, 'a.ts')]
        const budget = { tokens, tokenizer: hashedWordTokenizer }
        const result = await compressCode(passages, { scorer: new AdaptiveScorer(), budget, parsers, query: 'alpha' })
        const smallest = result.units
          .filter((unit) => unit.state === 'dropped' && /\S/.test(result.expand(unit.id)))
          .reduce((least, unit) => Math.min(least, unit.tokens), Number.POSITIVE_INFINITY)
        const room = tokens - result.tokens
        // a dropped unit of that size would need its own marker too, of at most eight tokens
        expect(room < 0.03 * tokens || room < smallest + 8).toBe(true)
      }),
      runs,
    )
  })
})

describe('for hostile text', () => {
  test('nothing throws and everything still holds', async () => {
    await fc.assert(
      fc.asyncProperty(hostileText, uri, fc.nat(120), mode, async (text, name, tokens, chosen) => {
        const passages = [passage(text, name), passage(text, `copy/${name}`)]
        const budget = { tokens, tokenizer: hashedWordTokenizer }
        const result = await compressCode(passages, {
          scorer: new AdaptiveScorer(),
          budget,
          parsers,
          mode: chosen,
          query: text,
        })
        checkOrder(result)
        expect(result.tokens).toBeLessThanOrEqual(tokens)
        for (const { output, passageId, source } of result.spans)
          expect(result.text.slice(output.start, output.end)).toBe(
            passages.find(({ id }) => id === passageId)!.text.slice(source.start, source.end),
          )
      }),
      runs,
    )
  })
})
