import { expect, test } from 'vitest'
import { compareLogits, indexOfLargest, referenceLogits } from './compare-logits.ts'

const rows = 3
const reference = Float32Array.of(1, 2, 0.5, -1, 0, 4, 3, 3, 3)
const other = Float32Array.of(2, 1, 0.5, -1, 1, 4, 0, 3, 3)
const targets = [0, 2, 1]

/** By the definitions, in float64. */
function slow(left: Float32Array, right: Float32Array) {
  const softmax = (values: Float32Array): number[] => {
    const sum = values.reduce((total, value) => total + Math.exp(value), 0)
    return Array.from(values, (value) => Math.exp(value) / sum)
  }
  let [divergence, nll, agreed] = [0, 0, 0]
  for (let row = 0; row < rows; row++) {
    const p = softmax(left.subarray(3 * row, 3 * row + 3))
    const q = softmax(right.subarray(3 * row, 3 * row + 3))
    divergence += p.reduce((sum, each, token) => sum + each * Math.log(each / q[token]!), 0) / rows
    nll -= Math.log(q[targets[row]!]!) / rows
    if (p.indexOf(Math.max(...p)) === q.indexOf(Math.max(...q))) agreed++
  }
  return { divergence, agreement: agreed / rows, nll }
}

test('divergence, agreement and likelihood are those of the definitions', () => {
  const found = compareLogits(referenceLogits(reference, rows), other, targets)
  const expected = slow(reference, other)
  expect(found.agreement).toBe(expected.agreement)
  expect(found.divergence).toBeCloseTo(expected.divergence, 6)
  expect(found.nll).toBeCloseTo(expected.nll, 6)
})

test('a distribution is no distance from itself, to the last bit', () => {
  const found = compareLogits(referenceLogits(reference, rows), reference.slice(), targets)
  expect(found).toMatchObject({ divergence: 0, agreement: 1 })
})

test('of several largest the first counts', () => {
  expect(indexOfLargest(Float32Array.of(1, 3, 3))).toBe(1)
})
