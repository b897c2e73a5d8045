import type { PatternFeedContext } from '@lc/core'
import { PolicyPlanError } from '@lc/core/errors'
import type { HostTensor } from '@lc/core/runtime'
import { capacityOf } from './page-views.ts'
import { turnRow, turnsBy } from './turn-rows.ts'

/**
 * What LongHeads keeps of a layer: keys rotated by their places in their chunks, and one key for each whole chunk, which needs the
 * queries of its tokens.
 */
export class ChunkKeys {
  readonly #config: PatternFeedContext['config']
  readonly #place: { readonly layer: number; readonly chunkSize: number; readonly pattern: string }
  /** Keys rotated by places in chunks, `[G, C, D]`. */
  #local = new Float32Array(0)
  /** Slots whose local keys are there. */
  #done = 0
  /** Keys of whole chunks, `[D]` each, by head. */
  readonly #chunks: Float32Array[][]
  /** Rotated queries `[H*D]` by slot, from the first whole chunk that has no key yet. */
  readonly #queries = new Map<number, Float32Array>()

  constructor(
    { config }: Pick<PatternFeedContext, 'config'>,
    place: { layer: number; chunkSize: number; pattern: string },
    origin?: ChunkKeys,
  ) {
    this.#place = place
    this.#config = config
    this.#chunks = Array.from({ length: config.kvHeads }, (_, head) => (origin ? [...origin.#chunks[head]!] : []))
    if (origin) for (const [slot, query] of origin.#queries) this.#queries.set(slot, query)
  }

  /** Those of a fork of the cache. Arrays of queries and of chunks are shared: they are not written again. */
  fork(): ChunkKeys {
    return new ChunkKeys({ config: this.#config }, this.#place, this)
  }

  /** Takes the queries of new tokens, before they are cached. */
  take(context: PatternFeedContext, queries: HostTensor): void {
    const { heads, headDim } = context.config
    const [data, width] = [queries.data as Float32Array, heads * headDim]
    const length = context.length(this.#place.layer, 0)
    for (let token = 0; token * width < data.length; token++)
      this.#queries.set(length + token, data.slice(token * width, (token + 1) * width))
  }

  /** Forgets what a cache which was cut does not hold any more. */
  cut(context: PatternFeedContext): void {
    const length = context.length(this.#place.layer, 0)
    this.#done = Math.min(this.#done, length)
    const whole = Math.floor(length / this.#place.chunkSize)
    for (const own of this.#chunks) own.length = Math.min(own.length, whole)
    for (const slot of this.#queries.keys()) if (slot >= length) this.#queries.delete(slot)
  }

  /**
   * Local keys `[G, C, D]` and chunk keys `[G, n, D]` as the cache is now.
   *
   * @throws PolicyPlanError for chunks whose queries were not seen: those of a session that was restored
   */
  update(context: PatternFeedContext): { local: Float32Array; chunks: Float32Array; count: number } {
    this.cut(context)
    const { layer, chunkSize } = this.#place
    const { kvHeads, headDim } = context.config
    const length = context.length(layer, 0)
    this.#turnKeys(context, length)
    const count = Math.floor(length / chunkSize)
    for (let chunk = this.#chunks[0]!.length; chunk < count; chunk++) {
      const queries = this.#queriesOf(context, chunk)
      for (const [head, own] of this.#chunks.entries()) own.push(this.#chunkKey(context, { head, chunk, queries }))
      // one more chunk is kept, so that a cut into it finds them
      for (let slot = (chunk - 1) * chunkSize; slot < chunk * chunkSize; slot++) this.#queries.delete(slot)
    }
    const chunks = new Float32Array(kvHeads * count * headDim)
    for (const [head, own] of this.#chunks.entries())
      for (const [chunk, key] of own.entries()) chunks.set(key, (head * count + chunk) * headDim)
    return { local: this.#local, chunks, count }
  }

  #turnKeys(context: PatternFeedContext, length: number): void {
    const { layer, chunkSize } = this.#place
    const { kvHeads, headDim } = context.config
    const [keys, capacity] = [context.keys(layer), capacityOf(context, layer)]
    if (this.#local.length !== keys.length) {
      this.#local = new Float32Array(keys.length)
      this.#done = 0
    }
    if (this.#done === length) return
    const deltas = Array.from(
      { length: Math.ceil(length / chunkSize) },
      (_, chunk) => -context.positions(layer, 0)[chunk * chunkSize]!,
    )
    const turns = turnsBy(context, layer, deltas)
    for (let head = 0; head < kvHeads; head++)
      for (let slot = this.#done; slot < length; slot++) {
        const at = (head * capacity + slot) * headDim
        const target = { data: this.#local, to: at, headDim }
        turnRow(turns, Math.floor(slot / chunkSize), { data: keys, from: at }, target)
      }
    this.#done = length
  }

  /** Queries of a chunk by token, turned as its keys are: `[c][H*D]`. */
  #queriesOf(context: PatternFeedContext, chunk: number): Float32Array[] {
    const { layer, chunkSize, pattern } = this.#place
    const { heads, headDim } = context.config
    const turns = turnsBy(context, layer, [-context.positions(layer, 0)[chunk * chunkSize]!])
    return Array.from({ length: chunkSize }, (_, token) => {
      const data = this.#queries.get(chunk * chunkSize + token)
      if (!data)
        throw new PolicyPlanError({ policy: pattern, missing: 'the queries of a text that was read elsewhere' })
      const turned = new Float32Array(data.length)
      for (let head = 0; head < heads; head++) {
        const target = { data: turned, to: head * headDim, headDim }
        turnRow(turns, 0, { data, from: head * headDim }, target)
      }
      return turned
    })
  }

  /** The keys of a chunk, weighted by how the mean output of attention inside the chunk scores them: `[D]`. */
  #chunkKey(
    context: PatternFeedContext,
    { head, chunk, queries }: { head: number; chunk: number; queries: readonly Float32Array[] },
  ): Float32Array {
    const { layer, chunkSize } = this.#place
    const { heads, kvHeads, headDim, queryScale } = context.config
    const [group, capacity] = [heads / kvHeads, capacityOf(context, layer)]
    const values = context.values(layer)
    const keyAt = (token: number): number => (head * capacity + chunk * chunkSize + token) * headDim
    const weighted = (query: ArrayLike<number>, from: number): Float64Array =>
      softmaxOf(
        Float64Array.from({ length: chunkSize }, (_, token) => {
          let score = 0
          for (let channel = 0; channel < headDim; channel++)
            score += query[from + channel]! * this.#local[keyAt(token) + channel]!
          return score * queryScale
        }),
      )
    const mean = new Float64Array(headDim)
    for (const query of queries)
      for (let member = 0; member < group; member++) {
        const weights = weighted(query, (head * group + member) * headDim)
        for (let channel = 0; channel < headDim; channel++) {
          const row = (head * headDim + channel) * capacity + chunk * chunkSize
          for (let token = 0; token < chunkSize; token++)
            mean[channel]! += (weights[token]! * values[row + token]!) / (queries.length * group)
        }
      }
    const weights = weighted(mean, 0)
    const key = new Float32Array(headDim)
    for (let token = 0; token < chunkSize; token++)
      for (let channel = 0; channel < headDim; channel++)
        key[channel]! += weights[token]! * this.#local[keyAt(token) + channel]!
    return key
  }
}

function softmaxOf(scores: Float64Array): Float64Array {
  const largest = scores.reduce((most, score) => Math.max(most, score), Number.NEGATIVE_INFINITY)
  let sum = 0
  for (let index = 0; index < scores.length; index++) {
    scores[index] = Math.exp(scores[index]! - largest)
    sum += scores[index]!
  }
  for (let index = 0; index < scores.length; index++) scores[index]! /= sum
  return scores
}
