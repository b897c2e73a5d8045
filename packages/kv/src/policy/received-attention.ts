import type { CacheEvent, KvCache } from '@lc/core'
import type { JsonValue } from '@lc/model'
import { perHead } from './head-rows.ts'

interface Sums {
  readonly positions: Int32Array
  readonly values: Float32Array
}

/** Attention that slots drew from generated tokens, added up token by token; follows its slots by their positions. */
export class ReceivedAttention {
  #sums: Sums[][] = []

  /** Adds what the newest token pays, `columns` by layer and head. */
  add({ cache, observations }: CacheEvent, id: string): void {
    this.#follow(cache)
    for (const [layer, heads] of this.#sums.entries()) {
      const columns = observations.columns(id, layer)
      for (const [head, { values }] of heads.entries())
        for (let slot = 0; slot < values.length; slot++) values[slot] = values[slot]! + columns[head]![slot]!
    }
  }

  /** The sums of a head, by slot. */
  of(layer: number, head: number): Float32Array {
    return this.#sums[layer]![head]!.values
  }

  copy(): ReceivedAttention {
    const copied = new ReceivedAttention()
    copied.#sums = this.#sums.map((heads) =>
      heads.map(({ positions, values }) => ({ positions: positions.slice(), values: values.slice() })),
    )
    return copied
  }

  save(): JsonValue {
    return this.#sums.map((heads) => heads.map(({ positions, values }) => [Array.from(positions), Array.from(values)]))
  }

  /** What `save` gave; anything else begins anew. */
  static restored(state: unknown): ReceivedAttention {
    const restored = new ReceivedAttention()
    if (Array.isArray(state))
      restored.#sums = (state as [number[], number[]][][]).map((heads) =>
        heads.map(([positions, values]) => ({
          positions: Int32Array.from(positions),
          values: Float32Array.from(values),
        })),
      )
    return restored
  }

  /** Drops the sums of slots that went, and begins those of new ones at 0. */
  #follow(cache: KvCache): void {
    this.#sums = perHead(cache, (layer, head) => {
      const positions = cache.positionsOf(layer, head).slice(0, cache.lengthOf(layer, head))
      const values = new Float32Array(positions.length)
      const known = this.#sums[layer]?.[head]
      for (let slot = 0, other = 0; known && slot < positions.length; slot++) {
        while (other < known.positions.length && known.positions[other]! < positions[slot]!) other++
        if (known.positions[other] === positions[slot]) values[slot] = known.values[other]!
      }
      return { positions, values }
    })
  }
}
