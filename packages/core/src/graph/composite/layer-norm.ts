import { layerNormalization, skipLayerNormalization } from '../ops/normalisation.ts'
import type { Value } from '../value.ts'
import type { NormOptions, NormResult } from './rms-norm.ts'

/** Layer norm (Ba et al. 2016), with the residual sum before it where there is one. `shift` is added after the scale. */
export function layerNorm(x: Value, scale: Value, options: NormOptions & { readonly shift?: Value }): NormResult {
  const { epsilon, residual, shift } = options
  if (residual) return skipLayerNormalization(x, residual, scale, { epsilon, ...(shift && { shift }) })
  return { output: layerNormalization(x, scale, { epsilon, ...(shift && { bias: shift }) }), sum: x }
}
