import type { AxisAttributes } from './reduction.ts'

/** Normalisations over the last dimension, alone or fused with the residual sum. */
export interface NormalisationOps {
  /** Inputs: x, scale, bias?. (x - mean) / sqrt(variance + epsilon) * scale + bias. */
  layerNormalization: AxisAttributes & { readonly epsilon: number }
  /** Inputs: x, scale. Root mean square norm (RMSNorm). */
  simplifiedLayerNormalization: AxisAttributes & { readonly epsilon: number }
  /** Inputs: x, skip, scale, bias?. Outputs: the norm of x + skip (+ bias), and that sum. */
  skipSimplifiedLayerNormalization: { readonly epsilon: number }
  /** Inputs: x, skip, scale, shift?, bias?. Outputs: the layer norm of x + skip (+ bias), and that sum. */
  skipLayerNormalization: { readonly epsilon: number }
}
