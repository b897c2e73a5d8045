import type { Value } from '../../graph/value.ts'

/** What the layers of an encoder give. */
export interface EncoderBody {
  /** The last hidden state, after the final norm where there is one. [B, T, E] */
  readonly last: Value
  /** The embeddings, then the state after each layer. Each [B, T, E]. */
  readonly hidden: readonly Value[]
  /** Attention weights of each layer, [B, H, T, T]; none where all texts have one length. */
  readonly attention: readonly Value[]
}
