import type { Shape } from '../../graph/dimension.ts'
import type { DType } from '../../graph/dtype.ts'
import type { GraphScope, Value } from '../../graph/value.ts'
import type { AttentionMode } from './attention-mode.ts'
import type { DecoderConfig } from './decoder-config.ts'
import type { PastInputs } from './past-inputs.ts'

/**
 * The place in a layer where attention is computed. Letters: B texts, T new tokens, C slots of the cache (its capacity; what
 * slots that are not in use hold is finite and means nothing), H query heads, G key/value heads, D head size.
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
  /** How the cache is given, where that is not float32 with the same C for all heads: never for patterns with a `build` of their own. */
  readonly past?: PastInputs
  /** What the layer's projections read: the stream after the layer's norm, `[B, T, hiddenSize]`; in a step `[1, hiddenSize]`. */
  readonly hidden: Value
  /** `[G, C, D]`; with B texts `[B, G, C, D]`. */
  readonly pastKey: Value
  /** Transposed, which is how it is read fastest: `[G, D, C]`; with B texts `[B, G, D, C]`. */
  readonly pastValue: Value
  /** Added to the scores, `open`: `[G, T, C+T]`, `step`: `[G, 1, C]`, in a ragged step `[G, 1, S]`, which hides the slots of other heads. */
  readonly bias?: Value
  /** `fused`: int32 `[B]` and int32 scalar of `groupQueryAttention`. */
  readonly lastIndex?: Value
  readonly totalLength?: Value
  /** Declares one more input of this layer; the pattern feeds it by this name with `.` and the layer's number behind it. */
  input(name: string, dtype: DType, shape: Shape): Value
  /** Names one more output of this layer, in the same way. */
  output(name: string, value: Value): void
}
