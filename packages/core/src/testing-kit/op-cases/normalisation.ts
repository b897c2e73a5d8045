import type { DType } from '../../graph/dtype.ts'
import {
  layerNormalization,
  simplifiedLayerNormalization,
  skipLayerNormalization,
  skipSimplifiedLayerNormalization,
} from '../../graph/ops/normalisation.ts'
import { numbers, type OpCase, opCase } from '../op-case.ts'

/** Cases of normalisations. */
export function normalisationCases(): readonly OpCase[] {
  return (['float32', 'float16'] as const).flatMap((dtype: DType) => {
    const options = dtype === 'float16' ? { unsupported: { webgpu: 'needs shader-f16' } } : {}
    const x = numbers(['B=2', 'T=3', 16], { dtype })
    const skip = numbers(['B=2', 'T=3', 16], { dtype })
    const scale = numbers([16], { dtype, weight: true })
    const bias = numbers([16], { dtype, weight: true })
    const epsilon = 1e-5
    return [
      opCase(
        'layerNormalization',
        { x, scale, bias },
        (values) => layerNormalization(values.x, values.scale, { epsilon, bias: values.bias }),
        options,
      ),
      opCase('layerNormalization', { x, scale }, (values) => layerNormalization(values.x, values.scale, { epsilon }), {
        ...options,
        note: 'without bias',
      }),
      opCase(
        'simplifiedLayerNormalization',
        { x, scale },
        (values) => simplifiedLayerNormalization(values.x, values.scale, { epsilon }),
        options,
      ),
      opCase(
        'skipSimplifiedLayerNormalization',
        { x, skip, scale },
        (values) => Object.values(skipSimplifiedLayerNormalization(values.x, values.skip, values.scale, { epsilon })),
        options,
      ),
      opCase(
        'skipLayerNormalization',
        { x, skip, scale, bias },
        (values) =>
          Object.values(skipLayerNormalization(values.x, values.skip, values.scale, { epsilon, shift: values.bias })),
        options,
      ),
    ]
  })
}
