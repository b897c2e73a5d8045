import { seededRandom } from '@lc/model'
import { largestDifference } from '@lc/model/testing'
import { expect, test } from 'vitest'
import { eigenvectors, gramMatrix, lowRank } from './low-rank.ts'

const random = seededRandom(3)
const normal = () => random() + random() + random() - 1.5

function product({ left, right }: { left: Float32Array; right: Float32Array }, columns: number): number[] {
  const rank = right.length / columns
  return Array.from({ length: (left.length / rank) * columns }, (_, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns]
    let sum = 0
    for (let factor = 0; factor < rank; factor++) sum += left[row * rank + factor]! * right[factor * columns + column]!
    return sum
  })
}

test('eigenvectors keep their direction under the matrix, by falling eigenvalues', () => {
  const [size, rows] = [12, 40]
  const gram = gramMatrix(Float32Array.from({ length: rows * size }, normal), size)
  let before = Number.POSITIVE_INFINITY
  for (const vector of eigenvectors(gram, size)) {
    const image = Array.from({ length: size }, (_, row) =>
      vector.reduce((sum, value, column) => sum + gram[row * size + column]! * value, 0),
    )
    const value = image.reduce((sum, each, index) => sum + each * vector[index]!, 0)
    expect(
      largestDifference(
        image,
        Array.from(vector, (each) => each * value),
      ),
    ).toBeLessThan(1e-8)
    expect(value).toBeLessThanOrEqual(before)
    before = value
  }
})

test('a matrix of a rank is found again, and all of it at full rank', () => {
  const columns = 10
  const thin = { left: Float32Array.from({ length: 60 }, normal), right: Float32Array.from({ length: 30 }, normal) }
  const exact = Float32Array.from(product(thin, columns))
  expect(largestDifference(product(lowRank(exact, columns, 3), columns), exact)).toBeLessThan(1e-5)
  const full = Float32Array.from({ length: 200 }, normal)
  expect(largestDifference(product(lowRank(full, columns, columns), columns), full)).toBeLessThan(1e-5)
})

test('a matrix of zeros stays one', () => {
  expect(product(lowRank(new Float32Array(40), 4, 2), 4).every((value) => value === 0)).toBe(true)
})
