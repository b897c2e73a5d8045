import type { CallOptions } from '@lc/model'
import type { DecoderConfig } from '../models/decoder/decoder-config.ts'
import type { RopeTable } from '../models/rope/rope-table.ts'
import type { RopeTables } from '../models/rope/rope-tables.ts'
import type { QueryStatisticsOfHead } from './cache-policy.ts'
import type { BackTurns, GaussianQueryPrograms, QueryMoments } from './gaussian-queries.ts'
import { type ArrayToSave, cacheProblem, type SavedArray, savedArray } from './sealed-arrays.ts'

interface Sums {
  count: number
  readonly sum: Float64Array
  readonly products: Float64Array | undefined
}

/** What statistics work with. */
export interface QueryStatisticsFields {
  readonly config: DecoderConfig
  /** The rotations that queries have been through. */
  readonly tables: RopeTables
  readonly programs: GaussianQueryPrograms
  /** First tokens whose queries are not counted. */
  readonly skip: number
  readonly covariance: boolean
}

/** Mean and covariance of queries before the rotation, gathered run by run. */
export class QueryStatistics {
  readonly #config: DecoderConfig
  readonly #tables: RopeTables
  readonly #programs: GaussianQueryPrograms
  readonly #skip: number
  readonly #sums: Sums[][]

  constructor(fields: QueryStatisticsFields) {
    this.#config = fields.config
    this.#tables = fields.tables
    this.#programs = fields.programs
    this.#skip = fields.skip
    const { headDim, heads, layers } = fields.config
    this.#sums = layers.map(() =>
      Array.from({ length: heads }, () => ({
        count: 0,
        sum: new Float64Array(headDim),
        products: fields.covariance ? new Float64Array(headDim * headDim) : undefined,
      })),
    )
  }

  /** What was gathered so far, to go on from independently. */
  copy(): QueryStatistics {
    const fields = { config: this.#config, tables: this.#tables, programs: this.#programs, skip: this.#skip }
    const copy = new QueryStatistics({ ...fields, covariance: false })
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

  /** Adds rotated queries `[T, H*D]` of all layers; the first token has a position. */
  async add(queries: readonly Float32Array[], start: number, options: CallOptions): Promise<void> {
    const { heads, headDim } = this.#config
    const width = heads * headDim
    const first = Math.max(0, this.#skip - start)
    const count = queries[0]!.length / width - first
    if (count <= 0) return
    const known = new Map<string, BackTurns>()
    for (const [layer, each] of queries.entries()) {
      const moments = await this.#programs.moments(
        each.subarray(first * width),
        this.#turnsOf(layer, { start: start + first, count }, known),
        options,
      )
      for (const [head, sums] of this.#sums[layer]!.entries()) addMoments(sums, moments, head, count)
    }
  }

  #turnsOf(
    layer: number,
    { start, count }: { readonly start: number; readonly count: number },
    known: Map<string, BackTurns>,
  ): BackTurns | undefined {
    const { rope } = this.#config.layers[layer]!
    if (rope === undefined) return undefined
    const turns = known.get(rope) ?? backTurns(this.#tables.get(rope)!, start, count)
    known.set(rope, turns)
    return turns
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

/** The tables hold the factor of scaled rotations, and so do queries: it is taken off twice. */
function backTurns(table: RopeTable, start: number, count: number): BackTurns {
  const { cos, sin } = table.range(start, count)
  const factor = table.factor ** -2
  return { cos: cos.map((value) => value * factor), sin: sin.map((value) => value * factor) }
}

/** Adds the moments of one head: their squares about zero, in doubles. */
function addMoments(sums: Sums, { mean, products }: QueryMoments, head: number, count: number): void {
  const size = sums.sum.length
  const own = mean.subarray(head * size, (head + 1) * size)
  sums.count += count
  for (let column = 0; column < size; column++) sums.sum[column]! += own[column]! * count
  if (!sums.products) return
  for (let row = 0, index = 0; row < size; row++) {
    const scaled = own[row]! * count
    for (let column = 0; column < size; column++, index++)
      sums.products[index]! += products[head * size * size + index]! + scaled * own[column]!
  }
}
