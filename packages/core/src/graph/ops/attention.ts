import { addDimensions, type Dimension } from '../dimension.ts'
import type { GroupQueryAttentionAttributes } from '../op-attributes/attention.ts'
import type { Value } from '../value.ts'
import { record, recordAll } from './record.ts'

/** Operands of `groupQueryAttention`; letters: B batch, T new tokens, H heads, G key/value heads, D head size, P past, N = P + T. */
export interface GroupQueryAttentionInputs {
  /** [B, T, H*D], or queries, keys and values packed as [B, T, (H+2G)*D] with `key` and `value` absent. */
  readonly query: Value
  /** [B, T, G*D] */
  readonly key?: Value
  /** [B, T, G*D] */
  readonly value?: Value
  /** [B, G, P, D], or a longer buffer whose valid rows come first. */
  readonly pastKey?: Value
  readonly pastValue?: Value
  /** int32 [B]: total length - 1 of each row. */
  readonly lastIndex: Value
  /** int32 scalar: the largest total length. */
  readonly totalLength: Value
  /** [rows, D/2], used with `rotary`. */
  readonly cos?: Value
  readonly sin?: Value
  /** int64 [B, T]: rows of the tables. Only with a past; without one the rows are 0 to T-1. Defaults to P to P+T-1. */
  readonly positions?: Value
  /** [B|1, H|1, T, N], added to the scores. */
  readonly bias?: Value
  /** `[H]`: adds exp(sink) to each head's denominator. */
  readonly sink?: Value
  /** float32 scales of a quantised cache: [1] or [1, G, 1, D]. */
  readonly keyScale?: Value
  readonly valueScale?: Value
}

/** Attributes of `groupQueryAttention` with defaults. */
export interface GroupQueryAttentionOptions
  extends Partial<Omit<GroupQueryAttentionAttributes, 'numHeads' | 'kvHeads' | 'presentLength'>> {
  readonly numHeads: number
  readonly kvHeads: number
  /** Size of the sequence dimension of the present outputs. Defaults to P + T, or T without past. */
  readonly presentLength?: Dimension
}

/** What `groupQueryAttention` gives. */
export interface GroupQueryAttentionResult {
  /** [B, T, H*D] */
  readonly output: Value
  /** [B, G, N, D], keys after rotation. */
  readonly presentKey: Value
  readonly presentValue: Value
  /** [B, H, T, N], only with `scores`. */
  readonly scores?: Value
}

/**
 * Causal attention of grouped queries over a cache (com.microsoft GroupQueryAttention). Scores are scaled, soft-capped, biased,
 * masked (query row i sees past + i), and softmaxed, in this order.
 */
export function groupQueryAttention(
  inputs: GroupQueryAttentionInputs,
  options: GroupQueryAttentionOptions,
): GroupQueryAttentionResult {
  const { query, key, value, pastKey, pastValue, lastIndex, totalLength, cos, sin, positions, bias, sink } = inputs
  const tokens = query.shape[1]!
  const attributes: GroupQueryAttentionAttributes = {
    softcap: 0,
    rotary: false,
    rotaryInterleaved: false,
    localWindow: -1,
    smoothSoftmax: false,
    causal: true,
    scores: 'none',
    keyScale: 'none',
    valueScale: 'none',
    cacheBits: 8,
    ...options,
    presentLength: options.presentLength ?? (pastKey ? addDimensions(pastKey.shape[2]!, tokens) : tokens),
  }
  const operands = [query, key, value, pastKey, pastValue, lastIndex, totalLength, cos, sin, positions, bias, sink]
  const all = [...operands, inputs.keyScale, inputs.valueScale]
  const [output, presentKey, presentValue, scores] = recordAll('groupQueryAttention', all, attributes)
  return { output: output!, presentKey: presentKey!, presentValue: presentValue!, ...(scores && { scores }) }
}

/** Options of `multiHeadAttention`. */
export interface MultiHeadAttentionOptions {
  readonly numHeads: number
  /** Defaults to 1 / sqrt(headDim). */
  readonly scale?: number
  /** Defaults to false. */
  readonly causal?: boolean
  /** [B|1, H|1, T, S], added to the scores. */
  readonly bias?: Value
}

/** Attention with as many key as query heads: query [B, T, H*D], key and value [B, S, H*D] or [B, H, S, D]. */
export function multiHeadAttention(query: Value, key: Value, value: Value, options: MultiHeadAttentionOptions): Value {
  const { numHeads, scale, causal = false, bias } = options
  const attributes = { numHeads, causal, ...(scale !== undefined && { scale }) }
  return record('multiHeadAttention', [query, key, value, bias], attributes)
}

/** Options of `rotaryEmbedding`. */
export interface RotaryEmbeddingOptions {
  /** Pairs are (2i, 2i+1) instead of (i, i + R/2). Defaults to false. */
  readonly interleaved?: boolean
  /** Heads in a 3-D x. Defaults to 0, for a 4-D x. */
  readonly numHeads?: number
  /** R, the leading part of each head that is rotated. Defaults to 0: all. */
  readonly rotaryDim?: number
}

/** Rotates pairs of x ([B, H, T, D], or [B, T, H*D]) by the angles whose cos and sin rows [B, T, R/2] are given. */
export function rotaryEmbedding(x: Value, cos: Value, sin: Value, options: RotaryEmbeddingOptions = {}): Value {
  const { interleaved = false, numHeads = 0, rotaryDim = 0 } = options
  return record('rotaryEmbedding', [x, cos, sin], { interleaved, numHeads, rotaryDim })
}
