import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { curScores, keyDifferenceScores, keyNormScores } from './key-scores.ts'
import { poolScores } from './pool-scores.ts'

const rounded = (values: Float32Array) => Array.from(values, (value) => Math.round(value * 1e6) / 1e6)

describe('poolScores', () => {
  const scores = Float32Array.of(0, 0, 1, 0, 0, 0.5, 0, 0.2)
  test.each([
    ['average', 5, [0.2, 0.2, 0.2, 0.3, 0.3, 0.14, 0.14, 0.14]],
    ['max', 5, [1, 1, 1, 1, 1, 0.5, 0.5, 0.5]],
    ['max', 7, [1, 1, 1, 1, 1, 1, 0.5, 0.5]],
    ['average', 1, [0, 0, 1, 0, 0, 0.5, 0, 0.2]],
  ] as const)('%s over %i', (kind, kernel, expected) => {
    expect(rounded(poolScores(scores, { kind, kernel }))).toEqual(expected)
  })
})

describe('scores of keys', () => {
  const headDim = 4
  const keys = fc.array(
    fc.array(fc.float({ min: -2, max: 2, noNaN: true }), { minLength: headDim, maxLength: headDim }),
    { minLength: 2, maxLength: 12 },
  )
  const head = (rows: number[][]) => ({ rows: Float32Array.from(rows.flat()), headDim })

  test('the key norm is negative length', () => {
    expect(
      rounded(
        keyNormScores(
          head([
            [3, 4, 0, 0],
            [0, 0, 0, 1],
          ]),
        ),
      ),
    ).toEqual([-5, -1])
  })

  test('key difference stays in [-1, 1] and does not change when a key is scaled', () => {
    fc.assert(
      fc.property(keys, fc.float({ min: 0.5, max: 4, noNaN: true }), (rows, factor) => {
        fc.pre(rows.every((row) => Math.hypot(...row) > 1e-3))
        const scores = keyDifferenceScores(head(rows))
        const scaled = keyDifferenceScores(head([rows[0]!.map((value) => value * factor), ...rows.slice(1)]))
        for (let slot = 0; slot < scores.length; slot++) {
          expect(Math.abs(scores[slot]!)).toBeLessThanOrEqual(1 + 1e-5)
          expect(scaled[slot]!).toBeCloseTo(scores[slot]!, 3)
        }
      }),
    )
  })

  test('identical keys all score -1, the one that points away scores highest', () => {
    expect(
      rounded(
        keyDifferenceScores(
          head([
            [1, 2, 0, 0],
            [1, 2, 0, 0],
          ]),
        ),
      ),
    ).toEqual([-1, -1])
    const scores = keyDifferenceScores(
      head([
        [1, 0, 0, 0],
        [1, 0, 0, 0],
        [-1, 0, 0, 0],
        [1, 0, 0, 0],
      ]),
    )
    expect(scores.indexOf(Math.max(...scores))).toBe(2)
  })

  test('CUR scores are products of shares of each window', () => {
    const rows = Array.from({ length: 5 }, (_, i) => [i + 1, 1, 0, 0])
    const scores = curScores(head(rows), head(rows), 2)
    expect(scores[0]).toBeCloseTo((2 / 7) ** 2, 6)
    expect(scores[1]).toBeCloseTo((5 / 7) ** 2, 6)
    expect(scores[4]).toBe(1)
  })
})
