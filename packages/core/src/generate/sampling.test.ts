import { seededRandom } from '@lc/model'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Penalties } from './penalties.ts'
import { greedyToken, type SamplerSettings, sampleToken } from './sampler.ts'
import { selectTop } from './select-top.ts'
import { StopFilter } from './stop-filter.ts'
import { parseToolCalls } from './tool-calls.ts'

const open: SamplerSettings = { temperature: 1, topK: 0, topP: 1, minP: 0 }
const logits = Float32Array.from([0.1, 2, -1, 1.5, 2, -3].map(Math.fround))

/** How often each token is drawn. */
function frequencies(values: Float32Array, settings: SamplerSettings, draws = 20_000): number[] {
  const random = seededRandom(7)
  const counts = new Array<number>(values.length).fill(0)
  for (let draw = 0; draw < draws; draw++) counts[sampleToken(values, settings, random)]!++
  return counts.map((count) => count / draws)
}

function softmax(values: ArrayLike<number>, temperature = 1): number[] {
  const weights = Array.from(values, (value) => Math.exp(value / temperature))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map((weight) => weight / total)
}

describe('sampleToken', () => {
  test.each([1, 0.5, 2])('temperature %s draws as the softmax says', (temperature) => {
    const drawn = frequencies(logits, { ...open, temperature })
    for (const [token, expected] of softmax(logits, temperature).entries())
      expect(Math.abs(drawn[token]! - expected)).toBeLessThan(0.015)
  })

  test('temperature 0 and topK 1 are greedy: the first of equal ones', () => {
    expect(sampleToken(logits, { ...open, temperature: 0 }, Math.random)).toBe(1)
    expect(sampleToken(logits, { ...open, topK: 1 }, Math.random)).toBe(1)
  })

  test.each([
    ['topK 2', { topK: 2 }, [1, 4]],
    ['topK 3', { topK: 3 }, [1, 3, 4]],
    ['topP 0.3', { topP: 0.3 }, [1]],
    ['topP 0.6', { topP: 0.6 }, [1, 4]],
    ['topP 0', { topP: 0 }, [1]],
    ['minP 0.5', { minP: 0.5 }, [1, 3, 4]],
    ['topK 4 and minP 0.7', { topK: 4, minP: 0.7 }, [1, 4]],
  ])('%s keeps %j', (_, settings, kept) => {
    const drawn = frequencies(logits, { ...open, ...settings }, 4000)
    expect([...drawn.keys()].filter((token) => drawn[token]! > 0)).toEqual(kept)
  })

  test('tokens at negative infinity are never drawn; none left is -1', () => {
    const only = Float32Array.from([Number.NEGATIVE_INFINITY, 0, Number.NEGATIVE_INFINITY])
    expect(frequencies(only, open, 100)).toEqual([0, 1, 0])
    expect(sampleToken(new Float32Array(3).fill(Number.NEGATIVE_INFINITY), open, Math.random)).toBe(-1)
    expect(greedyToken(new Float32Array(2).fill(Number.NaN))).toBe(-1)
  })
})

test('selectTop is the sorted head, with ties of the last one', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 60 }),
      (values, count) => {
        const own = selectTop(Float32Array.from(values), count)
        const sorted = [...values.keys()].sort((a, b) => values[b]! - values[a]! || a - b)
        const last = values[sorted[Math.min(count, values.length) - 1]!]!
        expect(own).toEqual(sorted.filter((index) => values[index]! >= last))
      },
    ),
  )
})

test('penalties: repetition over prompt and output, frequency and presence over the output', () => {
  const penalties = new Penalties({ repetition: 2, frequency: 0.5, presence: 0.25 }, [0, 2])
  penalties.add(3)
  penalties.add(3)
  const values = Float32Array.from([1, 1, -1, 4])
  penalties.apply(values)
  expect([...values]).toEqual([0.5, 1, -2, 4 / 2 - 1 - 0.25])
})

describe('StopFilter', () => {
  test('however the text is cut, it ends before the first stop string', () => {
    const piece = fc.string({ unit: fc.constantFrom(...'abc'), maxLength: 4 })
    fc.assert(
      fc.property(
        fc.array(piece),
        fc.array(fc.string({ unit: fc.constantFrom(...'abc'), minLength: 1, maxLength: 3 })),
        (pieces, stops) => {
          const filter = new StopFilter(stops)
          const text = pieces.join('')
          const released = pieces.map((each) => filter.push(each)).join('') + filter.end()
          const first = Math.min(...stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0))
          // the stop string that is whole first wins
          const ends = stops
            .map((stop) => text.indexOf(stop) + stop.length)
            .filter((_, index) => text.includes(stops[index]!))
          expect(filter.stopped).toBe(ends.length > 0)
          expect(text.startsWith(released)).toBe(true)
          if (ends.length === 0) expect(released).toBe(text)
          else expect(released.length).toBeGreaterThanOrEqual(first)
          for (const stop of stops) expect(released.includes(stop)).toBe(false)
        },
      ),
    )
  })
})

describe('parseToolCalls', () => {
  const tools = [{ name: 'add', parameters: {} }]
  const parse = (text: string) => parseToolCalls(text, tools, () => 'id')
  test.each([
    ['Hermes', '<tool_call>\n{"name": "add", "arguments": {"a": 1}}\n</tool_call>', ''],
    ['SmolLM', '<tool_call>[{"name": "add", "arguments": {"a": 1}}]</tool_call>', ''],
    ['Llama 3', '{"name": "add", "parameters": {"a": 1}}', ''],
    ['Mistral', 'Sure. [TOOL_CALLS] [{"name": "add", "arguments": {"a": 1}}]', 'Sure.'],
    ['arguments in a string', '<tool_call>{"name": "add", "arguments": "{\\"a\\": 1}"}</tool_call>', ''],
    ['without an end', 'Yes <tool_call>{"name": "add", "arguments": {"a": 1}}', 'Yes'],
  ])('%s', (_, text, rest) => {
    expect(parse(text)).toEqual({ text: rest, calls: [{ id: 'id', name: 'add', arguments: { a: 1 } }] })
  })

  test.each(['{"name": "other", "arguments": {}}', '<tool_call>{"name": </tool_call>', '{"a": 1}', 'add'])(
    '%s stays text',
    (text) => {
      expect(parse(text)).toEqual({ text, calls: [] })
    },
  )
})
