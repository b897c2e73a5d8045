import { InvalidArgumentError } from '@lc/model/errors'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compactLadder, type LadderOptions, ladderShape, ladderState } from './ladder.ts'

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

test.each([
  [32, 16, 0, 2, 1, 1],
  [32, 9, 3, 5, 2, 3],
  [32, 8, 4, 7, 2, 5],
  [24, 9, 7, 9, 5, 4],
  [28, 14, 0, 2, 1, 1],
])('constants of (%i, %i, %i)', (layerCount, span, overlap, before, kept, removed) => {
  expect(ladderShape({ layerCount, span, overlap })).toEqual({ before, kept, removed })
})

test('a ladder that would remove nothing is refused', () => {
  expect(() => ladderShape({ layerCount: 4, span: 3, overlap: 2 })).toThrow(InvalidArgumentError)
})

/** Calls in sequence, as a cache would make them. */
function run(options: LadderOptions, lengths: number[]) {
  let state = ladderState(options)
  return lengths.map((length) => {
    const result = compactLadder(options, state, length)
    state = result.state
    return { keep: result.keep?.map((slots) => Array.from(slots)), cursor: state.cursor }
  })
}

describe('index lists of the official code', () => {
  test('span 2, no overlap, four layers', () => {
    const options: LadderOptions = { layerCount: 4, budget: 12, sinks: 2, span: 2, overlap: 0, mode: 'official' }
    const [first, second, third, fourth] = run(options, [13, 13, 14, 30])
    expect(first).toEqual({
      keep: [
        [0, 1, 2, ...range(4, 12)],
        [0, 1, ...range(3, 12)],
        [0, 1, 2, ...range(4, 12)],
        [0, 1, ...range(3, 12)],
      ],
      cursor: 3,
    })
    expect(second!.keep!.slice(0, 2)).toEqual([
      [0, 1, 2, 3, ...range(5, 12)],
      [0, 1, 2, ...range(4, 12)],
    ])
    expect(second!.cursor).toBe(4)
    expect(third!.keep!.slice(0, 2)).toEqual([
      [0, 1, 2, 3, 4, 6, ...range(8, 13)],
      [0, 1, 2, 3, 5, 7, ...range(8, 13)],
    ])
    expect(third!.cursor).toBe(6)
    expect(fourth).toEqual({
      keep: [
        [0, 1, 2, 6, 12, 16, 20, 24, 28, 29],
        [0, 1, 3, 9, 13, 17, 21, 25, 28, 29],
        [0, 1, 4, 10, 14, 18, 22, 26, 28, 29],
        [0, 1, 5, 11, 15, 19, 23, 27, 28, 29],
      ],
      cursor: 8,
    })
  })

  test('span 2, overlap 1, four layers', () => {
    const options: LadderOptions = { layerCount: 4, budget: 14, sinks: 2, span: 2, overlap: 1, mode: 'official' }
    const [first, second, third] = run(options, [15, 16, 17])
    expect(first!.keep!.slice(0, 2)).toEqual([
      [0, 1, 2, 3, ...range(5, 14)],
      [0, 1, 3, 4, ...range(5, 14)],
    ])
    expect(second!.keep!.slice(0, 2)).toEqual([
      [0, 1, 2, 3, 4, 5, 7, 8, ...range(10, 15)],
      [0, 1, 2, 3, 5, 6, 8, 9, ...range(10, 15)],
    ])
    expect(third!.keep!.slice(0, 2)).toEqual([
      [0, 1, 2, 3, 5, 6, 8, 9, ...range(11, 16)],
      [0, 1, 3, 4, 6, 7, 9, 10, ...range(11, 16)],
    ])
    expect([first!.cursor, second!.cursor, third!.cursor]).toEqual([4, 8, 6])
  })

  test('32 layers, span 8, overlap 4: kept lengths and cursors', () => {
    const options: LadderOptions = { layerCount: 32, budget: 64, sinks: 4, span: 8, overlap: 4, mode: 'official' }
    const lengths = [65, 67, 70, 72, 80, 100]
    const results = run(options, lengths)
    expect(results.map(({ keep }, i) => keep?.[0]?.length ?? lengths[i])).toEqual([65, 62, 65, 62, 65, 65])
    expect(results.map(({ cursor }) => cursor)).toEqual([4, 6, 8, 12, 18, 32])
    const distinct = new Set(results.flatMap(({ keep }) => keep?.map((slots) => slots.join()) ?? []))
    expect(new Set(results[5]!.keep!.map((slots) => slots.join())).size).toBeLessThanOrEqual(6)
    expect(distinct.size).toBeGreaterThan(1)
  })

  test('a long prompt is spread over the layers', () => {
    const options: LadderOptions = { layerCount: 32, budget: 2048, sinks: 128, span: 16, overlap: 0, mode: 'official' }
    const [{ keep, cursor }] = run(options, [8192]) as [{ keep: number[][]; cursor: number }]
    expect(keep[0]).toHaveLength(2047)
    expect(cursor).toBe(1547)
    expect(new Set(keep.map((slots) => slots.join())).size).toBe(4)
    expect(new Set(keep.flat()).size).toBe(6304)
  })

  test('stretched ladders duplicate a slot officially, never when corrected', () => {
    const options: LadderOptions = { layerCount: 32, budget: 1024, sinks: 128, span: 9, overlap: 3, mode: 'official' }
    const official = run(options, [8192])[0]!.keep!
    expect(official.some((slots) => new Set(slots).size < slots.length)).toBe(true)
    const corrected = run({ ...options, mode: 'corrected' }, [8192])[0]!.keep!
    for (const slots of corrected) expect(slots).toEqual([...new Set(slots)].sort((a, b) => a - b))
  })
})

test('corrected lists are ascending, keep the sinks and meet the compensated budget', () => {
  const options = fc.record({
    layerCount: fc.integer({ min: 2, max: 32 }),
    span: fc.integer({ min: 1, max: 16 }),
    overlap: fc.integer({ min: 0, max: 8 }),
    sinks: fc.integer({ min: 0, max: 8 }),
    extra: fc.integer({ min: 0, max: 100 }),
    over: fc.integer({ min: 1, max: 500 }),
  })
  fc.assert(
    fc.property(options, ({ extra, over, ...rest }) => {
      let shape: ReturnType<typeof ladderShape>
      try {
        shape = ladderShape(rest)
      } catch {
        return
      }
      const budget = rest.sinks + rest.layerCount + shape.kept + extra
      const { keep } = compactLadder({ ...rest, budget }, ladderState(rest), budget + over)
      for (const slots of keep ?? []) {
        expect(slots.length).toBeGreaterThan(0)
        expect(slots.length).toBeLessThanOrEqual(budget + Math.floor(shape.removed / 2))
        for (let i = 1; i < slots.length; i++) expect(slots[i]!).toBeGreaterThan(slots[i - 1]!)
        for (let sink = 0; sink < rest.sinks; sink++) expect(slots[sink]).toBe(sink)
      }
    }),
    { numRuns: 300 },
  )
})
