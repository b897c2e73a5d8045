import type { Dimension } from '../dimension.ts'

/** How a quantised key-value cache is scaled. */
export type CacheScale = 'none' | 'per-tensor' | 'per-channel'

/** Attributes of grouped-query attention, see `groupQueryAttention`. */
export interface GroupQueryAttentionAttributes {
  readonly numHeads: number
  readonly kvHeads: number
  /** Defaults to 1 / sqrt(headDim). */
  readonly scale?: number
  /** c in c * tanh(score / c); 0 is off. */
  readonly softcap: number
  readonly rotary: boolean
  readonly rotaryInterleaved: boolean
  /** The last w tokens, the query's own included; -1 is off. */
  readonly localWindow: number
  /** Adds exp(0) to the denominator. */
  readonly smoothSoftmax: boolean
  readonly causal: boolean
  /** Which scores come out as the fourth output: none, scaled before the softmax, or after it. */
  readonly scores: 'none' | 'before-softmax' | 'after-softmax'
  readonly keyScale: CacheScale
  readonly valueScale: CacheScale
  readonly cacheBits: 8 | 4
  /** Size of the sequence dimension of present key and value. */
  readonly presentLength: Dimension
}

/** Attention and rotary positions. */
export interface AttentionOps {
  /** Inputs in the order of the operator: query, key?, value?, pastKey?, pastValue?, lastIndex, totalLength, cos?, sin?, positions?, bias?, sink?, keyScale?, valueScale?. */
  groupQueryAttention: GroupQueryAttentionAttributes
  /** Inputs: query [B, T, H*D], key and value ([B, S, H*D] or [B, H, S, D]), bias? [B|1, H|1, T, S]. */
  multiHeadAttention: { readonly numHeads: number; readonly scale?: number; readonly causal: boolean }
  /** Inputs: x [B, H, T, D] or [B, T, H*D], cos and sin rows [B, T, R/2] of these tokens. */
  rotaryEmbedding: { readonly interleaved: boolean; readonly numHeads: number; readonly rotaryDim: number }
}
