import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  addDimensions,
  type Dimension,
  divideDimensions,
  evaluateDimension,
  multiplyDimensions,
  normaliseDimension,
  subtractDimensions,
} from './dimension.ts'

const numRuns = Number(process.env.LC_PROPERTY_RUNS ?? 100)
const sizes = new Map([
  ['B', 3],
  ['P', 7],
  ['T', 5],
])
const dimension: fc.Arbitrary<Dimension> = fc.letrec<{ any: Dimension; leaf: Dimension }>((tie) => ({
  leaf: fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constantFrom('B', 'P', 'T')),
  any: fc.oneof(
    { maxDepth: 3 },
    tie('leaf'),
    fc.tuple(tie('any'), tie('any')).map(([a, b]) => addDimensions(a, b)),
    fc.tuple(tie('any'), tie('any')).map(([a, b]) => multiplyDimensions(a, b)),
  ),
})).any

const evaluate = (size: Dimension): number => evaluateDimension(size, sizes)!

test('arithmetic on sizes is arithmetic on their values', () => {
  fc.assert(
    fc.property(dimension, dimension, (a, b) => {
      expect(evaluate(addDimensions(a, b))).toBe(evaluate(a) + evaluate(b))
      expect(evaluate(subtractDimensions(a, b)) + 0).toBe(evaluate(a) - evaluate(b) + 0)
      expect(evaluate(multiplyDimensions(a, b)) + 0).toBe(evaluate(a) * evaluate(b) + 0)
    }),
    { numRuns },
  )
})

test('the canonical form is its own, and products can be divided again', () => {
  fc.assert(
    fc.property(dimension, fc.constantFrom<Dimension>(3, 'B', 'T'), (a, divisor) => {
      expect(normaliseDimension(normaliseDimension(a))).toBe(normaliseDimension(a))
      expect(divideDimensions(multiplyDimensions(a, divisor), divisor)).toBe(normaliseDimension(a))
    }),
    { numRuns },
  )
})
