/** @file What holds for every input: the budget, nothing but omissions, spans that lead back, and no crash. */
import type { Passage } from '@lc/model'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CompressionResult } from '../compressor/compression-result.ts'
import { nodeCodeParsers } from '../node/node-parsers.ts'
import { AdaptiveScorer, hashedWordTokenizer } from '../testing-kit/adaptive-scorer.ts'
import { hostileText, someCode } from '../testing-kit/arbitrary-text.ts'
import { checkOrder, checkResult } from '../testing-kit/check-result.ts'
import { compressCode } from './compress-code.ts'

const runs = { numRuns: Number(process.env.FC_RUNS ?? 60) }
const parsers = nodeCodeParsers()

function passage(text: string, uri: string, id = uri): Passage {
  return { id, text, source: { uri }, spans: [] }
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

  test('what is left of the budget is used: no dropped line of a kept or free unit would still fit', async () => {
    await fc.assert(
      fc.asyncProperty(someCode, fc.integer({ min: 40, max: 300 }), async (text, tokens) => {
        const passages = [passage(text, 'a.ts')]
        const budget = { tokens, tokenizer: hashedWordTokenizer }
        const result = await compressCode(passages, { scorer: new AdaptiveScorer(), budget, parsers, query: 'alpha' })
        const room = tokens - result.tokens
        const smallest = smallestDroppedLine(result, text)
        // what a line needs beside itself: a marker before and after, and its signature with its end
        expect(room < 0.03 * tokens || room < smallest + 40).toBe(true)
      }),
      runs,
    )
  })
})

function smallestDroppedLine(result: CompressionResult, text: string): number {
  let smallest = Number.POSITIVE_INFINITY
  let start = 0
  for (const line of text.split(/(?<=\n)/)) {
    const from = start
    start += line.length
    const kept = result.spans.some(({ source }) => source.start <= from && source.end >= from + line.length)
    if (!kept && line.trim() !== '') smallest = Math.min(smallest, hashedWordTokenizer.count(line))
  }
  return smallest
}

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
