import { simplifiedLayerNormalization, skipSimplifiedLayerNormalization } from '../ops/normalisation.ts'
import type { Value } from '../value.ts'

/** A norm, and the sum that was normed: the stream of residuals that goes on beside it. */
export interface NormResult {
  readonly output: Value
  /** x, or x + residual. */
  readonly sum: Value
}

/** Options of the norms. */
export interface NormOptions {
  readonly epsilon: number
  /** Added to x before the norm, in the same node. */
  readonly residual?: Value
}

/** Root mean square norm (Zhang and Sennrich 2019), with the residual sum before it where there is one. */
export function rmsNorm(x: Value, scale: Value, options: NormOptions): NormResult {
  const { epsilon, residual } = options
  if (residual) return skipSimplifiedLayerNormalization(x, residual, scale, { epsilon })
  return { output: simplifiedLayerNormalization(x, scale, { epsilon }), sum: x }
}
