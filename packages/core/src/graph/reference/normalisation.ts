import type { NormalisationOps } from '../op-attributes/normalisation.ts'
import { operand, type ReferenceKernels, type ReferenceTensor } from './kernel.ts'

/** Norms each row of the last dimension; `center` subtracts the mean first. */
function norm(
  x: ReferenceTensor,
  options: { center: boolean; epsilon: number; scale: ReferenceTensor; shift?: ReferenceTensor | undefined },
): ReferenceTensor {
  const size = x.shape.at(-1)!
  const data = new Float64Array(x.data.length)
  for (let from = 0; from < x.data.length; from += size) {
    const row = x.data.subarray(from, from + size)
    const mean = options.center ? row.reduce((sum, value) => sum + value, 0) / size : 0
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / size
    const deviation = Math.sqrt(variance + options.epsilon)
    row.forEach((value, at) => {
      data[from + at] = ((value - mean) / deviation) * options.scale.data[at]! + (options.shift?.data[at] ?? 0)
    })
  }
  return { dtype: x.dtype, shape: x.shape, data }
}

function residual(x: ReferenceTensor, skip: ReferenceTensor, bias: ReferenceTensor | undefined): ReferenceTensor {
  const size = x.shape.at(-1)!
  return { ...x, data: x.data.map((value, at) => value + skip.data[at]! + (bias?.data[at % size] ?? 0)) }
}

/** Exact normalisations. */
export const normalisationReference = {
  layerNormalization: (inputs, { epsilon }) => [
    norm(operand(inputs, 0), { center: true, epsilon, scale: operand(inputs, 1), shift: inputs[2] }),
  ],
  simplifiedLayerNormalization: (inputs, { epsilon }) => [
    norm(operand(inputs, 0), { center: false, epsilon, scale: operand(inputs, 1) }),
  ],
  skipSimplifiedLayerNormalization: (inputs, { epsilon }) => {
    const sum = residual(operand(inputs, 0), operand(inputs, 1), inputs[3])
    return [norm(sum, { center: false, epsilon, scale: operand(inputs, 2) }), sum]
  },
  skipLayerNormalization: (inputs, { epsilon }) => {
    const sum = residual(operand(inputs, 0), operand(inputs, 1), inputs[4])
    return [norm(sum, { center: true, epsilon, scale: operand(inputs, 2), shift: inputs[3] }), sum]
  },
} satisfies Pick<ReferenceKernels, keyof NormalisationOps>
