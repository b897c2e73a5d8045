import type { DecoderConfig } from '../models/decoder/decoder-config.ts'
import { ropeFrequencies } from '../models/rope/rope-frequencies.ts'
import type { QueryStatisticsOfHead } from './cache-policy.ts'
import { type ArrayToSave, cacheProblem, type SavedArray, savedArray } from './sealed-arrays.ts'

/** Tokens that are added in one go; see `addTo`. */
const together = 4

interface Sums {
  count: number
  readonly sum: Float64Array
  readonly products: Float64Array | undefined
}

/** Mean and covariance of queries before the rotation, gathered run by run. */
export class QueryStatistics {
  readonly #config: DecoderConfig
  readonly #plannedLength: number
  readonly #skip: number
  readonly #sums: Sums[][]

  constructor(
    config: DecoderConfig,
    options: { readonly plannedLength: number; readonly skip: number; readonly covariance: boolean },
  ) {
    this.#config = config
    this.#plannedLength = options.plannedLength
    this.#skip = options.skip
    const { headDim, heads, layers } = config
    this.#sums = layers.map(() =>
      Array.from({ length: heads }, () => ({
        count: 0,
        sum: new Float64Array(headDim),
        products: options.covariance ? new Float64Array(headDim * headDim) : undefined,
      })),
    )
  }

  /** What was gathered so far, to go on from independently. */
  copy(): QueryStatistics {
    const [skip, plannedLength] = [this.#skip, this.#plannedLength]
    const copy = new QueryStatistics(this.#config, { plannedLength, skip, covariance: false })
    for (const [layer, heads] of this.#sums.entries())
      copy.#sums[layer] = heads.map(({ count, sum, products }) => ({
        count,
        sum: sum.slice(),
        products: products?.slice(),
      }))
    return copy
  }

  /** Sums by layer: of each head its count, its sums, its products if they are gathered. */
  arrays(): ArrayToSave[] {
    return this.#sums.map((heads, layer) => {
      const parts = heads.flatMap(({ count, sum, products }) => [count, ...sum, ...(products ?? [])])
      return savedArray(`statistics.${layer}`, Float64Array.from(parts))
    })
  }

  /** Takes over sums that were saved. @throws FileFormatError for others than these would be */
  restore(arrays: ReadonlyMap<string, SavedArray>): void {
    for (const [layer, heads] of this.#sums.entries()) {
      const array = arrays.get(`statistics.${layer}`)
      const size = heads.reduce((total, { sum, products }) => total + 1 + sum.length + (products?.length ?? 0), 0)
      if (!(array instanceof Float64Array) || array.length !== size)
        throw cacheProblem('its statistics of queries have another size')
      let offset = 0
      for (const sums of heads) {
        sums.count = array[offset++]!
        for (const target of [sums.sum, ...(sums.products ? [sums.products] : [])]) {
          target.set(array.subarray(offset, offset + target.length))
          offset += target.length
        }
      }
    }
  }

  /** Adds rotated queries `[T, H*D]` of a layer whose first has a position. */
  add(layer: number, queries: Float32Array, start: number): void {
    const { heads, headDim, layers, ropes } = this.#config
    const rope = layers[layer]!.rope
    const frequencies = rope === undefined ? undefined : ropeFrequencies(ropes[rope]!, this.#plannedLength)
    const factor = frequencies?.attentionFactor ?? 1
    const width = heads * headDim
    const count = queries.length / width
    const rows = new Float64Array(together * headDim)
    for (let first = Math.max(0, this.#skip - start); first < count; first += together) {
      const tokens = Math.min(together, count - first)
      // all heads of a token turn alike
      const turns = Array.from({ length: tokens }, (_, token) => {
        const position = start + first + token
        const cos = frequencies?.inverse.map((frequency) => Math.cos(position * frequency) / factor)
        const sin = frequencies?.inverse.map((frequency) => Math.sin(position * frequency) / factor)
        return { cos, sin }
      })
      for (let head = 0; head < heads; head++) {
        // rows of zeros change no sum
        rows.fill(0)
        for (const [token, { cos, sin }] of turns.entries()) {
          const from = (first + token) * width + head * headDim
          unrotate(queries.subarray(from, from + headDim), rows.subarray(token * headDim), cos, sin)
        }
        addTo(this.#sums[layer]![head]!, rows, tokens)
      }
    }
  }

  /** By query head. */
  of(layer: number): QueryStatisticsOfHead[] {
    return this.#sums[layer]!.map(({ count, sum, products }) => {
      const mean = sum.map((value) => value / Math.max(count, 1))
      if (!products) return { count, mean }
      const size = mean.length
      const covariance = products.map((_, index) => {
        const [row, column] = [Math.floor(index / size), index % size]
        const product = products[Math.max(row, column) * size + Math.min(row, column)]!
        return product / Math.max(count, 1) - mean[row]! * mean[column]!
      })
      return { count, mean, covariance }
    })
  }
}

function unrotate(
  rotated: Float32Array,
  result: Float64Array,
  cos: Float64Array | undefined,
  sin: Float64Array | undefined,
): void {
  for (let index = 0; index < rotated.length; index++) result[index] = rotated[index]!
  if (!cos || !sin) return
  const half = cos.length
  for (let index = 0; index < half; index++) {
    const [first, second] = [rotated[index]!, rotated[index + half]!]
    result[index] = first * cos[index]! + second * sin[index]!
    result[index + half] = second * cos[index]! - first * sin[index]!
  }
}

/** Adds four rows at once: products are read and written a quarter as often. */
function addTo(sums: Sums, rows: Float64Array, tokens: number): void {
  sums.count += tokens
  const { sum, products } = sums
  const size = sum.length
  for (let column = 0; column < size; column++)
    sum[column] =
      sum[column]! + rows[column]! + rows[size + column]! + rows[2 * size + column]! + rows[3 * size + column]!
  if (!products) return
  // symmetric: the lower half is enough
  for (let row = 0; row < size; row++) {
    const [a, b, c, d] = [rows[row]!, rows[size + row]!, rows[2 * size + row]!, rows[3 * size + row]!]
    const offset = row * size
    for (let column = 0; column <= row; column++)
      products[offset + column] =
        products[offset + column]! +
        a * rows[column]! +
        b * rows[size + column]! +
        c * rows[2 * size + column]! +
        d * rows[3 * size + column]!
  }
}
