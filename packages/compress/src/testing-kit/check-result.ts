/** @file What every compressor's result must be true to. Shared by the property tests of all methods. */
import type { Passage, TokenBudget } from '@lc/model'
import { expect } from 'vitest'
import type { CompressionResult } from '../compressor/compression-result.ts'

/** Every claim that a result makes about itself. */
export function checkResult(result: CompressionResult, passages: readonly Passage[], budget: TokenBudget): void {
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
export function checkOrder(result: CompressionResult): void {
  const ends = new Map<string, number>()
  for (const { passageId, source } of result.spans) {
    expect(source.start).toBeGreaterThanOrEqual(ends.get(passageId) ?? 0)
    ends.set(passageId, source.end)
  }
}
