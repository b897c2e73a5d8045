import type { PatternFeedContext } from '@lc/core'

/** Learned weights of a layer's key biases: `scale * softplus(weight * v + bias)`, v the values of a token over all key/value heads. */
export interface KeyBiasWeights {
  /** `[G, G * D]`, row-major: `dt_proj.weight`. */
  readonly weight: Float32Array
  /** `[G]`: `dt_proj.bias`; missing for none. */
  readonly bias?: Float32Array
  /** `[G]`: `A`. */
  readonly scale: Float32Array
}

/** The biases of the cached keys of a layer, `[G, C]`. That of a token is computed once, when it is cached. */
export class TokenBiases {
  readonly #layer: number
  readonly #weights: KeyBiasWeights
  #data = new Float32Array(0)
  /** Slots that are done, of all heads alike. */
  #done = 0

  constructor(layer: number, weights: KeyBiasWeights) {
    this.#layer = layer
    this.#weights = weights
  }

  /** The biases as the cache is now; those of slots that are not in use mean nothing. */
  update(context: PatternFeedContext): Float32Array {
    const { kvHeads, headDim } = context.config
    const values = context.values(this.#layer)
    const capacity = values.length / (kvHeads * headDim)
    const length = context.length(this.#layer, 0)
    if (this.#data.length !== kvHeads * capacity) {
      this.#data = new Float32Array(kvHeads * capacity)
      this.#done = 0
    }
    const from = Math.min(this.#done, length)
    for (let head = 0; head < kvHeads; head++) {
      const row = this.#data.subarray(head * capacity + from, head * capacity + length)
      row.fill(this.#weights.bias?.[head] ?? 0)
      for (let channel = 0; channel < kvHeads * headDim; channel++) {
        const weight = this.#weights.weight[head * kvHeads * headDim + channel]!
        const at = channel * capacity + from
        for (let slot = 0; slot < row.length; slot++) row[slot]! += weight * values[at + slot]!
      }
      const scale = this.#weights.scale[head]!
      for (let slot = 0; slot < row.length; slot++) row[slot] = scale * softplus(row[slot]!)
    }
    this.#done = length
    return this.#data
  }

  /** Forgets slots that a cache which was cut does not have any more. */
  cut(context: PatternFeedContext): void {
    this.#done = Math.min(this.#done, context.length(this.#layer, 0))
  }
}

function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))
}
