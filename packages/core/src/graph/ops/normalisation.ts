import type { Value } from '../value.ts'
import { record, recordAll } from './record.ts'

/** The small number under the root; no default, models differ. */
export interface EpsilonOptions {
  readonly epsilon: number
}

/** Layer norm over the last dimension: (x - mean) / sqrt(variance + epsilon) * scale + bias. */
export function layerNormalization(x: Value, scale: Value, options: EpsilonOptions & { readonly bias?: Value }): Value {
  return record('layerNormalization', [x, scale, options.bias], { axis: -1, epsilon: options.epsilon })
}

/** Root mean square norm over the last dimension: x / sqrt(mean(x^2) + epsilon) * scale. */
export function simplifiedLayerNormalization(x: Value, scale: Value, options: EpsilonOptions): Value {
  return record('simplifiedLayerNormalization', [x, scale], { axis: -1, epsilon: options.epsilon })
}

/** Residual sum and root mean square norm in one node. x and skip are [B, T, E] or [T, E]. */
export function skipSimplifiedLayerNormalization(
  x: Value,
  skip: Value,
  scale: Value,
  options: EpsilonOptions & { readonly bias?: Value },
): { output: Value; sum: Value } {
  const [output, sum] = recordAll('skipSimplifiedLayerNormalization', [x, skip, scale, options.bias], {
    epsilon: options.epsilon,
  })
  return { output: output!, sum: sum! }
}

/** Residual sum and layer norm in one node. x and skip are [B, T, E] or [T, E]; `shift` is added after the norm, `bias` before. */
export function skipLayerNormalization(
  x: Value,
  skip: Value,
  scale: Value,
  options: EpsilonOptions & { readonly shift?: Value; readonly bias?: Value },
): { output: Value; sum: Value } {
  const inputs = [x, skip, scale, options.shift, options.bias]
  const [output, sum] = recordAll('skipLayerNormalization', inputs, { epsilon: options.epsilon })
  return { output: output!, sum: sum! }
}
