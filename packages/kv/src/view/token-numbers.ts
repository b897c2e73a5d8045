import type { KvCache } from '@lc/core'

/** A number per layer, key/value head and token, as far as one was ever given. */
export class TokenNumbers {
  readonly #rows = new Map<string, number[]>()

  get empty(): boolean {
    return this.#rows.size === 0
  }

  /** Takes numbers of slots over to the tokens they hold (from 1; 0 for none). */
  take(
    tokens: ArrayLike<number>,
    values: ArrayLike<number>,
    { cache, layer, head }: { readonly cache: KvCache; readonly layer: number; readonly head: number },
  ): void {
    const row = this.#rows.get(`${layer} ${head}`) ?? []
    this.#rows.set(`${layer} ${head}`, row)
    const length = Math.min(cache.lengthOf(layer, head), values.length)
    for (let slot = 0; slot < length; slot++) if (tokens[slot]! > 0) row[tokens[slot]! - 1] = values[slot]!
  }

  /** Numbers of a head by token; undefined where there is none. */
  of(layer: number, head: number): readonly (number | undefined)[] {
    return this.#rows.get(`${layer} ${head}`) ?? []
  }
}
