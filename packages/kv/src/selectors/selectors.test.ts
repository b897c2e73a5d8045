import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { topChunks } from './top-chunks.ts'
import { complement, topSlots } from './top-slots.ts'

const list = (slots: ArrayLike<number>) => Array.from(slots)

/** The definition, slowly: sort by score, ties by slot, NaN last. */
function slowTop(scores: Float32Array, count: number): number[] {
  const key = (slot: number) => (Number.isNaN(scores[slot]!) ? Number.NEGATIVE_INFINITY : scores[slot]!)
  const slots = list(scores.keys() as unknown as ArrayLike<number>)
  const all = slots.length ? slots : Array.from(scores, (_, slot) => slot)
  return all
    .sort((a, b) => key(b) - key(a) || a - b)
    .slice(0, Math.max(0, count))
    .sort((a, b) => a - b)
}

describe('topSlots', () => {
  test('agrees with sorting, ties, infinities and NaN included', () => {
    const score = fc.oneof(
      fc.constantFrom(0, 1, -1, Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY),
      fc.float({ noNaN: true }),
    )
    fc.assert(
      fc.property(fc.array(score, { maxLength: 40 }), fc.integer({ min: -1, max: 45 }), (values, count) => {
        const scores = Float32Array.from(values)
        expect(list(topSlots(scores, count))).toEqual(slowTop(scores, count))
      }),
    )
  })

  test('equal scores keep the lowest slots', () => {
    expect(list(topSlots(new Float32Array(5), 2))).toEqual([0, 1])
  })

  test('kept and complement make the whole', () => {
    const kept = topSlots(Float32Array.of(3, 1, 2, 5), 2)
    expect(list(kept)).toEqual([0, 3])
    expect(list(complement(kept, 4))).toEqual([1, 2])
  })
})

describe('topChunks', () => {
  test('keeps whole chunks, a partial tail by its own mean', () => {
    const head = Float32Array.of(0, 0, 9, 0, 1, 1, 4)
    expect(list(topChunks([head], 2, 2))).toEqual([2, 3, 6])
  })

  test('chunk length 1 is token selection on the sum over heads', () => {
    const a = Float32Array.of(1, 0, 3, 2)
    const b = Float32Array.of(0, 5, 0, 2)
    expect(list(topChunks([a, b], 1, 2))).toEqual([1, 3])
  })
})
