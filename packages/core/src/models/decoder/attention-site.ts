import type { Shape } from '../../graph/dimension.ts'
import type { DType } from '../../graph/dtype.ts'
import type { GraphScope, Value } from '../../graph/value.ts'
import type { DecoderConfig } from './decoder-config.ts'

/**
 * What a run of the graph does.
 *
 * - `fused`: T new tokens of B texts after a past that is the same for all heads; causal; for chunks of prompts.
 * - `open`: T new tokens of one text, with a bias for every head and key: any set of visible keys.
 * - `step`: one new token, with a bias for every head and cached key.
 */
export type AttentionMode = 'fused' | 'open' | 'step'

/**
 * The place in a layer where attention is computed. Letters: B texts, T new tokens, C slots of the cache (its capacity; slots
 * that are not in use hold zeros), H query heads, G key/value heads, D head size.
 */
export interface AttentionSite {
  readonly graph: GraphScope
  readonly config: DecoderConfig
  readonly layer: number
  readonly mode: AttentionMode
  /** Which of the pattern's graphs this is; see `AttentionPattern.variant`. */
  readonly variant?: string
  /** The layer's sliding window; absent for none. */
  readonly window?: number
  /** After the rotation. `[B, T, H*D]`; in a step `[G, H/G, D]`. */
  readonly query: Value
  /** After the rotation. `[B, T, G*D]`; in a step `[G, 1, D]`. */
  readonly key: Value
  /** `[B, T, G*D]`; in a step `[G, D, 1]`. */
  readonly value: Value
  /** `[G, C, D]`; with B texts `[B, G, C, D]`. */
  readonly pastKey: Value
  /** Transposed, which is how it is read fastest: `[G, D, C]`; with B texts `[B, G, D, C]`. */
  readonly pastValue: Value
  /** Added to the scores, `open`: `[G, T, C+T]`, `step`: `[G, 1, C]`. */
  readonly bias?: Value
  /** `fused`: int32 `[B]` and int32 scalar of `groupQueryAttention`. */
  readonly lastIndex?: Value
  readonly totalLength?: Value
  /** Declares one more input of this layer; the pattern feeds it by this name with `.` and the layer's number behind it. */
  input(name: string, dtype: DType, shape: Shape): Value
  /** Names one more output of this layer, in the same way. */
  output(name: string, value: Value): void
}
