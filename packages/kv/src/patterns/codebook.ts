/** @file Codes for keys such that what queries see of them is kept: query-aware vector quantisation. */
import { type CallOptions, seededRandom } from '@lc/model'
import { checkArgument, checkInteger } from '@lc/model/check'

/** The codes of one key/value head. */
export interface Codebook {
  /** The lower Cholesky factor L of the queries' second moments, `[D, D]`: distances are measured on keys times L. */
  readonly lower: Float32Array
  /** Centroids of keys times L, `[n, D]`. */
  readonly centroids: Float32Array
}

/** Codebooks by layer and key/value head. */
export type Codebooks = readonly (readonly Codebook[])[]

/** What a codebook is made from, rows of D. */
export interface CodebookSample {
  readonly headDim: number
  /** Keys before their rotation. */
  readonly keys: Float32Array
  /** Queries of all heads of the group, rotated to the far position. */
  readonly queries: Float32Array
}

/** Options of `fitCodebook`. */
export interface FitCodebookOptions extends Pick<CallOptions, 'signal'> {
  /** Codes, n; at most as many as there are keys. The paper has 4096. */
  readonly size: number
  /** Defaults to 0. */
  readonly seed?: number
  /** Rounds of k-means at most. Defaults to 300. */
  readonly rounds?: number
}

const smallestMoment = 1e-6
/** k-means ends where a round moves the centroids less than this share of the keys' variance. */
const tolerance = 1e-4

/**
 * A codebook that keeps the products of queries with keys: k-means over keys times L, where L L^T are the queries' second moments, scaled
 * to a mean square of one. Begins from k-means++.
 *
 * A2ATS (He et al., ACL 2025 Findings), section 4.2; junhuihe-hjh/A2ATS, construct_codebooks.
 */
export function fitCodebook(sample: CodebookSample, options: FitCodebookOptions): Codebook {
  const { headDim, keys, queries } = sample
  const rows = keys.length / headDim
  const size = checkInteger(options.size, 'size', { min: 1, max: rows })
  checkArgument(queries.length >= headDim, 'queries', queries, 'one row at least')
  const lower = choleskyFactor(secondMoments(queries, headDim), headDim)
  const points = timesMatrix(keys, lower, headDim)
  const random = seededRandom(options.seed ?? 0)
  const centroids = spreadStarts(points, { headDim, size, random })
  refine(points, centroids, { headDim, rounds: options.rounds ?? 300, signal: options.signal })
  return { lower, centroids }
}

/** The code of each key, rows of D before their rotation. */
export function encodeKeys({ lower, centroids }: Codebook, keys: Float32Array, headDim: number): Int32Array {
  const points = timesMatrix(keys, lower, headDim)
  return Int32Array.from({ length: points.length / headDim }, (_, row) => nearest(points, row, centroids, headDim).code)
}

/** Centroids as keys, C L^-1, `[n, D]`: their products with queries stand for those of the keys they code. */
export function centroidKeys({ lower, centroids }: Codebook, headDim: number): Float32Array {
  const result = new Float32Array(centroids.length)
  // x L = c, from the last channel on: L is lower
  for (let from = 0; from < centroids.length; from += headDim)
    for (let channel = headDim - 1; channel >= 0; channel--) {
      let rest = centroids[from + channel]!
      for (let later = channel + 1; later < headDim; later++)
        rest -= result[from + later]! * lower[later * headDim + channel]!
      result[from + channel] = rest / lower[channel * headDim + channel]!
    }
  return result
}

function secondMoments(queries: Float32Array, headDim: number): Float64Array {
  const moments = new Float64Array(headDim * headDim)
  for (let from = 0; from < queries.length; from += headDim)
    for (let row = 0; row < headDim; row++)
      for (let column = 0; column < headDim; column++)
        moments[row * headDim + column]! += queries[from + row]! * queries[from + column]!
  const square = moments.reduce((sum, moment) => sum + moment * moment, 0) / moments.length
  return moments.map((moment) => moment / Math.sqrt(square || 1))
}

/** L with L L^T the matrix, a small amount added to its diagonal. */
function choleskyFactor(matrix: Float64Array, size: number): Float32Array {
  const lower = new Float64Array(size * size)
  for (let row = 0; row < size; row++)
    for (let column = 0; column <= row; column++) {
      let rest = matrix[row * size + column]! + (row === column ? smallestMoment : 0)
      for (let index = 0; index < column; index++) rest -= lower[row * size + index]! * lower[column * size + index]!
      lower[row * size + column] =
        row === column ? Math.sqrt(Math.max(rest, Number.MIN_VALUE)) : rest / lower[column * size + column]!
    }
  return Float32Array.from(lower)
}

/** Rows times a square matrix. */
function timesMatrix(rows: Float32Array, matrix: Float32Array, size: number): Float32Array {
  const result = new Float32Array(rows.length)
  for (let from = 0; from < rows.length; from += size)
    for (let inner = 0; inner < size; inner++) {
      const factor = rows[from + inner]!
      for (let column = 0; column < size; column++) result[from + column]! += factor * matrix[inner * size + column]!
    }
  return result
}

function nearest(
  points: Float32Array,
  row: number,
  centroids: Float32Array,
  headDim: number,
): { code: number; distance: number } {
  let [code, distance] = [0, Number.POSITIVE_INFINITY]
  for (let from = 0; from < centroids.length; from += headDim) {
    let sum = 0
    for (let channel = 0; channel < headDim && sum < distance; channel++)
      sum += (points[row * headDim + channel]! - centroids[from + channel]!) ** 2
    if (sum < distance) [code, distance] = [from / headDim, sum]
  }
  return { code, distance }
}

/** k-means++: each start is drawn by the squared distance from those before it. */
function spreadStarts(
  points: Float32Array,
  { headDim, size, random }: { headDim: number; size: number; random: () => number },
): Float32Array {
  const rows = points.length / headDim
  const centroids = new Float32Array(size * headDim)
  const distances = new Float64Array(rows).fill(Number.POSITIVE_INFINITY)
  let chosen = Math.floor(random() * rows)
  for (let code = 0; code < size; code++) {
    const start = points.subarray(chosen * headDim, (chosen + 1) * headDim)
    centroids.set(start, code * headDim)
    let total = 0
    for (let row = 0; row < rows; row++) {
      distances[row] = Math.min(distances[row]!, nearest(points, row, start, headDim).distance)
      total += distances[row]!
    }
    let rest = random() * total
    chosen = distances.findIndex((distance) => {
      rest -= distance
      return rest < 0
    })
    if (chosen < 0) chosen = Math.floor(random() * rows)
  }
  return centroids
}

/** Rounds of k-means, in place; a centroid without keys stays where it is. */
function refine(
  points: Float32Array,
  centroids: Float32Array,
  { headDim, rounds, signal }: { headDim: number; rounds: number; signal: AbortSignal | undefined },
): void {
  const rows = points.length / headDim
  const enough = tolerance * meanVariance(points, headDim)
  for (let round = 0; round < rounds; round++) {
    signal?.throwIfAborted()
    const sums = new Float64Array(centroids.length)
    const counts = new Int32Array(centroids.length / headDim)
    for (let row = 0; row < rows; row++) {
      const { code } = nearest(points, row, centroids, headDim)
      counts[code]!++
      for (let channel = 0; channel < headDim; channel++)
        sums[code * headDim + channel]! += points[row * headDim + channel]!
    }
    let moved = 0
    for (let at = 0; at < centroids.length; at++) {
      const count = counts[Math.floor(at / headDim)]!
      if (count === 0) continue
      moved += (centroids[at]! - sums[at]! / count) ** 2
      centroids[at] = sums[at]! / count
    }
    if (moved <= enough) return
  }
}

function meanVariance(points: Float32Array, headDim: number): number {
  const rows = points.length / headDim
  const [sums, squares] = [new Float64Array(headDim), new Float64Array(headDim)]
  for (let at = 0; at < points.length; at++) {
    sums[at % headDim]! += points[at]!
    squares[at % headDim]! += points[at]! ** 2
  }
  let total = 0
  for (let channel = 0; channel < headDim; channel++) total += squares[channel]! / rows - (sums[channel]! / rows) ** 2
  return total / headDim
}
