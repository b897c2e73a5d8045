import type { DecoderConfig } from '../models/decoder/decoder-config.ts'
import { ropeFrequencies } from '../models/rope/rope-frequencies.ts'
import type { QueryStatisticsOfHead } from './cache-policy.ts'

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

  /** Adds rotated queries `[T, H*D]` of a layer whose first has a position. */
  add(layer: number, queries: Float32Array, start: number): void {
    const { heads, headDim, layers, ropes } = this.#config
    const rope = layers[layer]!.rope
    const frequencies = rope === undefined ? undefined : ropeFrequencies(ropes[rope]!, this.#plannedLength)
    const factor = frequencies?.attentionFactor ?? 1
    const width = heads * headDim
    const query = new Float64Array(headDim)
    for (let token = 0; token < queries.length / width; token++) {
      const position = start + token
      if (position < this.#skip) continue
      for (let head = 0; head < heads; head++) {
        const from = token * width + head * headDim
        unrotate(queries.subarray(from, from + headDim), query, position, frequencies?.inverse, factor)
        addTo(this.#sums[layer]![head]!, query)
      }
    }
  }

  /** By query head. */
  of(layer: number): QueryStatisticsOfHead[] {
    return this.#sums[layer]!.map(({ count, sum, products }) => {
      const mean = sum.map((value) => value / Math.max(count, 1))
      if (!products) return { count, mean }
      const size = mean.length
      const covariance = products.map(
        (value, index) => value / Math.max(count, 1) - mean[Math.floor(index / size)]! * mean[index % size]!,
      )
      return { count, mean, covariance }
    })
  }
}

function unrotate(
  rotated: Float32Array,
  result: Float64Array,
  position: number,
  inverse: Float64Array | undefined,
  factor: number,
): void {
  for (let index = 0; index < rotated.length; index++) result[index] = rotated[index]!
  const half = inverse?.length ?? 0
  for (let index = 0; index < half; index++) {
    const angle = position * inverse![index]!
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
    const [first, second] = [rotated[index]! / factor, rotated[index + half]! / factor]
    result[index] = first * cos + second * sin
    result[index + half] = second * cos - first * sin
  }
}

function addTo(sums: Sums, query: Float64Array): void {
  sums.count++
  for (let row = 0; row < query.length; row++) {
    sums.sum[row] = sums.sum[row]! + query[row]!
    if (!sums.products) continue
    for (let column = 0; column < query.length; column++) {
      const at = row * query.length + column
      sums.products[at] = sums.products[at]! + query[row]! * query[column]!
    }
  }
}
