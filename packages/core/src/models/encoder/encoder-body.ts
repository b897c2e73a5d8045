import type { Value } from '../../graph/value.ts'

/** What the layers of an encoder give. N = B*T rows. */
export interface EncoderBody {
  /** The last hidden state, after the final norm where there is one. [N, E] */
  readonly last: Value
  /** The embeddings, then the state after each layer. Each [N, E]. */
  readonly hidden: readonly Value[]
  /** Attention weights of each layer, [B, H, T, T]. */
  readonly attention: readonly Value[]
}
