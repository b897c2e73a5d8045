/**
 * @file LongCodeZip with the real model: its relevance of units against the numbers of the official package (both of whose models
 * were the same SmolLM2 in float32), and a compression that answers a question.
 */
import { readFileSync } from 'node:fs'
import { compressCode, rankContexts } from '@lc/compress/longcodezip'
import { nodeCodeParsers } from '@lc/compress/node'
import { type LocalModel, loadModel } from '@lc/core'
import { makePassage } from '@lc/model'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

interface OfficialFile {
  file: string
  query: string
  queryIds: number[]
  units: { text: string; context: number[]; query: number[]; ami: number }[]
}

const fixture = new URL('../packages/compress/fixtures/longcodezip/official.json', import.meta.url)
const files = JSON.parse(readFileSync(fixture, 'utf8')) as OfficialFile[]

let model: LocalModel
beforeAll(async () => {
  model = await loadModel('smollm2-135m')
})
afterAll(() => model?.close())

/** Ranks from the smallest, equal values at their mean rank. */
function ranks(values: readonly number[]): number[] {
  const order = values.map((_, index) => index).sort((a, b) => values[a]! - values[b]!)
  const result = new Array<number>(values.length)
  for (let from = 0; from < order.length; ) {
    let to = from
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++
    for (let at = from; at < to; at++) result[order[at]!] = (from + to - 1) / 2
    from = to
  }
  return result
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const [meanA, meanB] = [mean(a), mean(b)]
  const product = (x: readonly number[], y: readonly number[], mx: number, my: number): number =>
    x.reduce((sum, value, index) => sum + (value - mx) * (y[index]! - my), 0)
  return product(a, b, meanA, meanB) / Math.sqrt(product(a, a, meanA, meanA) * product(b, b, meanB, meanB))
}

/**
 * The official numbers. Its tokenisation of unit, blank line and query together splits the blank line in two, so that its slice of
 * the losses begins one token early and the first query token counts after a unit, but not alone. The same is asked for here.
 */
async function officialRelevance(file: OfficialFile): Promise<number[]> {
  const options = { scale: 'perplexity', accuracy: 'exact', separator: new Uint32Array() } as const
  const { alone } = await rankContexts(model, Uint32Array.from(file.queryIds), [], options)
  const query = Uint32Array.from(file.units[0]!.query)
  const contexts = file.units.map((unit) => Uint32Array.from(unit.context))
  const { scores } = await rankContexts(model, query, contexts, { ...options, alone })
  return [...scores]
}

describe.each(files.map((file) => [file.file, file] as const))('relevance of the units of %s', (_, file) => {
  test('is the official one', async () => {
    for (const unit of file.units) expect(unit.query).toEqual(file.units[0]!.query)
    const ours = await officialRelevance(file)
    const theirs = file.units.map((unit) => unit.ami)
    const largest = Math.max(...theirs.map(Math.abs))
    const worst = Math.max(...ours.map((value, index) => Math.abs(value - theirs[index]!)))
    expect(worst / largest).toBeLessThanOrEqual(0.01)
    expect(correlation(ranks(ours), ranks(theirs))).toBeGreaterThanOrEqual(0.99)
  })

  test('our tokenizer gives the recorded ids', () => {
    for (const unit of file.units)
      expect([...model.tokenizer.encode(`${unit.text}\n\n${file.query}`).ids]).toEqual([...unit.context, ...unit.query])
  })
})

test.each(['joint', 'paper'] as const)('a compressed file fits its budget (%s)', async (mode) => {
  const text = files[1]!.units.map((unit) => unit.text).join('')
  const passages = [makePassage(text, { uri: 'readers.py' })]
  const result = await compressCode(passages, {
    scorer: model,
    parsers: nodeCodeParsers(),
    budget: 600,
    mode,
    query: 'How are obsolete line folds of headers joined?',
  })
  expect(model.tokenizer.count(result.text)).toBe(result.tokens)
  expect(result.tokens).toBeLessThanOrEqual(600)
  expect(result.text).toContain('def _obsolete_line_fold(lines: Iterable[bytes]) -> Iterable[bytes]:')
})
