import type { GaussianQueries } from '@lc/core'
import { expect, test } from 'vitest'
import { expectedAttentionScores, meanRotation, rotateStatistics } from './expected-attention.ts'
import { rowNorms } from './key-scores.ts'
import { lagScores } from './lag-scores.ts'

let seed = 7
const uniform = () => {
  seed = (seed * 48271) % 2147483647
  return seed / 2147483647
}
const gaussian = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
const rows = (n: number, headDim: number) => ({ rows: Float32Array.from({ length: n * headDim }, gaussian), headDim })

/** Mean and biased covariance. */
function statisticsOf({ rows, headDim }: { rows: Float32Array; headDim: number }): GaussianQueries {
  const n = rows.length / headDim
  const at = (row: number, d: number) => rows[row * headDim + d]!
  const mean = new Float64Array(headDim)
  const covariance = new Float64Array(headDim * headDim)
  for (let row = 0; row < n; row++) for (let d = 0; d < headDim; d++) mean[d]! += at(row, d) / n
  for (let row = 0; row < n; row++)
    for (let i = 0; i < headDim; i++)
      for (let j = 0; j < headDim; j++)
        covariance[i * headDim + j]! += ((at(row, i) - mean[i]!) * (at(row, j) - mean[j]!)) / n
  return { mean, covariance }
}

/** `k.m / sqrt(D) + k.S.k / (2 D)` of each key. */
function logitsOf({ rows, headDim }: { rows: Float32Array; headDim: number }, queries: GaussianQueries): number[] {
  return Array.from({ length: rows.length / headDim }, (_, slot) => {
    const key = rows.subarray(slot * headDim, (slot + 1) * headDim)
    let [linear, quadratic] = [0, 0]
    for (let i = 0; i < headDim; i++) {
      linear += key[i]! * queries.mean[i]!
      for (let j = 0; j < headDim; j++) quadratic += key[i]! * queries.covariance[i * headDim + j]! * key[j]!
    }
    return linear / Math.sqrt(headDim) + quadratic / (2 * headDim)
  })
}

/** RoPE at one position, half-split, in float64. */
function rotate(vector: ArrayLike<number>, position: number, inverse: readonly number[]): number[] {
  const half = inverse.length
  return Array.from(vector, (value, d) => {
    const plane = d % half
    const angle = position * inverse[plane]!
    const other = d < half ? -vector[d + half]! : vector[d - half]!
    return value * Math.cos(angle) + other * Math.sin(angle)
  })
}

test('equal queries and one future position give the true attention over the slots after the sinks', () => {
  const inverse = [1, 0.1]
  const query = [0.3, -1.2, 0.7, 0.4]
  const keys = rows(9, 4)
  const values = { rows: new Float32Array(36).fill(0.5), headDim: 4 }
  const queries = { rows: Float32Array.from([...query, ...query, ...query]), headDim: 4 }
  const statistics = rotateStatistics(statisticsOf(queries), meanRotation(inverse, 9, 1))
  const scores = expectedAttentionScores([logitsOf(keys, statistics)], rowNorms(values), { sinks: 2 })
  const rotated = rotate(Float32Array.from(query), 9, inverse)
  const weights = Array.from({ length: 9 }, (_, slot) =>
    Math.exp(rotated.reduce((sum, value, d) => sum + value * keys.rows[slot * 4 + d]!, 0) / 2),
  )
  const total = weights.slice(2).reduce((a, b) => a + b, 0)
  for (let slot = 2; slot < 9; slot++) expect(scores[slot]!).toBeCloseTo(weights[slot]! / total, 5)
  expect(scores[0]!).toBeGreaterThan(Math.max(...scores.subarray(2)))
})

test('the expected logit is the log of the mean exponential over Gaussian queries', () => {
  const headDim = 4
  const queries = rows(60_000, headDim)
  const keys = { rows: Float32Array.of(0.5, -0.3, 0.8, 0.1), headDim }
  let mean = 0
  for (let row = 0; row < 60_000; row++) {
    let dot = 0
    for (let d = 0; d < headDim; d++) dot += queries.rows[row * headDim + d]! * keys.rows[d]!
    mean += Math.exp(dot / 2) / 60_000
  }
  expect(logitsOf(keys, statisticsOf(queries))[0]!).toBeCloseTo(Math.log(mean), 2)
})

test('the mean rotation shrinks a plane to the length of its closed form', () => {
  const theta = 0.37
  const { cos, sin } = meanRotation([theta], 100, 512)
  expect(Math.hypot(cos[0]!, sin[0]!)).toBeCloseTo(
    Math.abs(Math.sin((512 * theta) / 2) / (512 * Math.sin(theta / 2))),
    9,
  )
})

test('LagKV ranks inside each partition and leaves sinks and the last stretch alone', () => {
  const keys = rows(4 + 3 * 8 + 3, 4)
  const scores = lagScores(keys, rows(31, 4), { sinks: 4, partition: 8 })!
  expect(Array.from(scores.subarray(4, 12)).sort()).toEqual(
    [0, 1, 2, 3, 4, 5, 6, 7].map((rank) => Math.fround(rank / 8)),
  )
  expect(Array.from(scores.subarray(0, 4))).toEqual([1, 1, 1, 1])
  expect(Array.from(scores.subarray(20)).every((score) => score === 1)).toBe(true)
  expect(lagScores(rows(19, 4), rows(19, 4), { sinks: 4, partition: 8 })).toBeUndefined()
})
