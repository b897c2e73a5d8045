import { type AttendRequest, estimateTokenizer, type Passage, type RunEvent } from '@lc/model'
import { byteTokenizer, lookupAttender, wordTokenizer } from '@lc/model/testing'
import { describe, expect, test } from 'vitest'
import { hashedWordTokenizer } from '../testing-kit/adaptive-scorer.ts'
import { countingAttender } from '../testing-kit/counting-attender.ts'
import { officialSpecPc, selectPositions } from './official-specpc.ts'
import type { DraftModel } from './options.ts'
import { maxPool } from './pool.ts'
import { compressByAttention, specPc } from './specpc.ts'

/** A draft that counts what it is asked: attention is real, over the words it has seen. */
function draft(contextLength?: number): DraftModel & { requests: AttendRequest[] } {
  const tokenizer = hashedWordTokenizer
  const { attend } = countingAttender(contextLength)
  const requests: AttendRequest[] = []
  return {
    tokenizer,
    requests,
    ...(contextLength === undefined ? {} : { contextLength }),
    attend(request, options) {
      requests.push(request)
      return attend(request, options)
    },
  }
}

function passage(text: string, id = 'a.txt'): Passage {
  return { id, text, source: { uri: id }, spans: [] }
}

const goods = ['rope', 'salt', 'barley', 'tar', 'wool', 'herring', 'flax', 'soap']
const places = ['shed', 'loft', 'cellar', 'yard', 'pier']
const sentences = Array.from(
  { length: 40 },
  (_, index) => `A crate of ${goods[index % 8]} stands in the ${places[index % 5]}.`,
)
sentences[23] = 'Only the purple lantern glows.'
const inventory = passage(sentences.join(' '))

describe('pooling', () => {
  test.each([
    [1, [0.9, 0.1, 0.1, 0.8]],
    [2, [0.9, 0.1, 0.8, 0.8]],
    [3, [0.9, 0.9, 0.8, 0.8]],
    [64, [0.9, 0.9, 0.9, 0.9]],
  ])('width %i', (kernelSize, expected) => {
    expect([...maxPool([0.9, 0.1, 0.1, 0.8], kernelSize).values]).toEqual(expected)
  })

  test('is the plain maximum over each window', () => {
    const values = Float64Array.from({ length: 200 }, (_, index) => Math.abs(Math.sin(index * index)))
    for (const kernelSize of [2, 5, 32, 63]) {
      const left = Math.floor((kernelSize - 1) / 2)
      const plain = values.map((_, at) => Math.max(...values.subarray(Math.max(0, at - left), at + kernelSize - left)))
      expect(maxPool(values, kernelSize).values).toEqual(plain)
    }
  })
})

describe('the official selection', () => {
  const peaks = [9, 1, 1, 1, 8, 1, 1, 1, 1, 7, 1, 1, 1, 1, 1, 1].map((value) => value / 10)

  test('takes neighbours before the cut, so that a third peak is lost', () => {
    const options = { capacity: 8, windowSize: 3, kernelSize: 3, neighbors: 3 }
    expect([...selectPositions(Float64Array.from(peaks), options)]).toEqual([0, 1, 2, 3, 4, 13, 14, 15])
  })

  test('without neighbours or pooling keeps the highest values and the window', () => {
    const options = { capacity: 6, windowSize: 3, kernelSize: 1, neighbors: 0 }
    expect([...selectPositions(Float64Array.from(peaks), options)]).toEqual([0, 4, 9, 13, 14, 15])
  })

  test('neighbours go to both sides, the right one further for even numbers', () => {
    const values = Float64Array.from({ length: 20 }, (_, at) => (at === 8 ? 1 : 0))
    const options = { capacity: 5, windowSize: 1, kernelSize: 1, neighbors: 4 }
    expect([...selectPositions(values, options)]).toEqual([7, 8, 9, 10, 19])
  })

  test('a prompt within the capacity stays whole and is not read', async () => {
    const attender = draft()
    const { positions } = await officialSpecPc({ attender, prompt: 'a b c', capacity: 5 })
    expect([...positions]).toEqual([0, 1, 2, 3, 4])
    expect(attender.requests).toEqual([])
  })

  test('layers before the first that counts are left out', async () => {
    const attender = draft()
    const run = async (startingLayer: number): Promise<number[]> => [
      ...(
        await officialSpecPc({
          attender,
          prompt: `${inventory.text} purple lantern`,
          capacity: 40,
          windowSize: 3,
          kernelSize: 1,
          startingLayer,
        })
      ).positions,
    ]
    expect(await run(0)).not.toEqual(await run(1))
    await expect(run(2)).rejects.toMatchObject({ code: 'invalid-argument', argument: 'layers.from' })
  })
})

describe('what is kept', () => {
  test.each(['word', 'line', 'sentence'] as const)('is what the question attends to (%s)', async (unit) => {
    const text = unit === 'line' ? sentences.join('\n') : inventory.text
    const result = await compressByAttention([passage(text)], {
      attender: draft(),
      query: 'purple lantern',
      budget: 30,
      unit,
      kernelSize: 9,
    })
    expect(result.method).toBe(`specpc/${unit}`)
    expect(result.text).toContain('purple lantern')
    expect(result.tokens).toBeLessThanOrEqual(30)
    expect(result.tokens).toBeGreaterThan(20)
    const scores = result.units.map((each) => each.score ?? 0)
    expect(scores.indexOf(Math.max(...scores))).toBe(23)
  })

  test('grows in windows around the peaks', async () => {
    const result = await compressByAttention([inventory], {
      attender: draft(),
      query: 'lantern',
      budget: 14,
      kernelSize: 15,
      protectedKinds: [],
    })
    expect(result.spans.length).toBeLessThanOrEqual(2)
    expect(result.text).toContain('purple lantern glows')
  })

  test('of one peak the words nearest to it, when there is no room for its whole window', async () => {
    const words = Array.from({ length: 60 }, (_, index) => `word${String.fromCharCode(97 + (index % 26))}${index}x`)
    words[30] = 'lantern'
    const result = await compressByAttention([passage(words.join(' '))], {
      attender: countingAttender(),
      query: 'lantern',
      budget: 10,
      kernelSize: 31,
      protectedKinds: [],
    })
    expect(result.text).toContain('lantern')
    expect(result.spans).toHaveLength(1)
  })

  test('without a question, the end and what it looks back at', async () => {
    const text = `The harbour master is Ines. ${sentences.join(' ')} Ask Ines`
    const result = await compressByAttention([passage(text)], {
      attender: draft(),
      budget: 20,
      windowSize: 3,
      kernelSize: 5,
      protectedKinds: [],
    })
    expect(result.text.endsWith('Ask Ines')).toBe(true)
    expect(result.text).toMatch(/^(?:\S+ )*Ines\. /)
  })

  test('in a budget of another tokenizer', async () => {
    for (const tokenizer of [byteTokenizer(), estimateTokenizer(), wordTokenizer(inventory.text)]) {
      const budget = { tokens: Math.floor(tokenizer.count(inventory.text) / 4), tokenizer }
      const result = await compressByAttention([inventory], { attender: draft(), query: 'purple lantern', budget })
      expect(result.tokenizer).toBe(tokenizer.id)
      expect(result.tokens).toBe(tokenizer.count(result.text))
      expect(result.tokens).toBeLessThanOrEqual(budget.tokens)
      expect(result.tokens).toBeGreaterThan(budget.tokens * 0.9)
      expect(result.text).toContain('lantern')
    }
  })
})

describe('the passes', () => {
  test('one pass over the whole text and the question, up to the last layer that counts', async () => {
    const attender = draft()
    await compressByAttention([inventory], { attender, query: 'lantern', budget: 30, layers: { from: 0, to: 1 } })
    expect(attender.requests).toHaveLength(1)
    expect(attender.requests[0]).toMatchObject({ layers: [0], heads: 'max', rows: 'each' })
    const { queries, input } = attender.requests[0]!
    expect(queries.to).toBe((input as Uint32Array).length)
    await compressByAttention([inventory], { attender, query: 'lantern', budget: 30, layers: { to: 1 } })
    expect(attender.requests[1]).toMatchObject({ untilLayer: 0 })
  })

  test('a text beyond the context is read in parts, each within it, with the question after each', async () => {
    const attender = draft(100)
    const result = await compressByAttention([inventory], { attender, query: 'purple lantern', budget: 40 })
    expect(result.text).toContain('purple lantern')
    expect(attender.requests.length).toBeGreaterThan(3)
    const lengths = attender.requests.map(({ input }) => (input as Uint32Array).length)
    expect(Math.max(...lengths)).toBeLessThanOrEqual(100)
    // an eighth of each part is read twice
    const own = attender.tokenizer.count(inventory.text)
    const question = attender.tokenizer.count('\n\nQuestion: purple lantern\nAnswer:') + 1
    expect(lengths.reduce((sum, length) => sum + length - question, 0)).toBeLessThan(own * 1.3)
  })

  test('a question longer than the context is cut, and that is said', async () => {
    const query = Array.from({ length: 200 }, (_, index) => `q${index}`).join(' ')
    const result = await compressByAttention([inventory], { attender: draft(100), query, budget: 40 })
    expect(result.warnings[0]).toMatch(/^the question has \d+ tokens; only its last \d+ are read$/)
    expect(result.tokens).toBeLessThanOrEqual(40)
  })

  test('stop when they are told to', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    const options = { attender: draft(), query: 'lantern', budget: 30, signal }
    await expect(compressByAttention([inventory], options)).rejects.toThrow('enough')
  })
})

test('the stage takes the budget of the run and reports', async () => {
  const events: RunEvent[] = []
  const run = {
    emit: (event: RunEvent) => void events.push(event),
    now: () => 0,
    random: () => 0,
    budget: { tokens: 30, tokenizer: hashedWordTokenizer },
  }
  const state = { query: 'purple lantern', passages: [inventory], reports: [] }
  const { passages, reports } = await specPc({ attender: draft() })(state, run)
  expect(passages[0]!.text).toContain('purple lantern')
  expect(reports[0]).toMatchObject({ stage: 'specpc', detail: { budget: 30, method: 'specpc/word' } })
  expect(events).toContainEqual(expect.objectContaining({ type: 'progress', operation: 'attend' }))
})

test.each([
  [{ attender: undefined }, 'attender'],
  [{ attender: lookupAttender(hashedWordTokenizer) }, 'attender.tokenizer'],
  [{ budget: undefined }, 'budget'],
  [{ unit: 'page' }, 'unit'],
  [{ windowSize: 0 }, 'windowSize'],
  [{ kernelSize: 0 }, 'kernelSize'],
  [{ layers: { from: 3, to: 3 } }, 'layers.to'],
  [{ layers: { from: 7 } }, 'layers.from'],
])('%o is refused', async (changes, argument) => {
  const options = { attender: draft(), budget: 30, query: 'lantern', ...changes }
  await expect(compressByAttention([inventory], options as never)).rejects.toMatchObject({
    code: 'invalid-argument',
    argument,
  })
})
