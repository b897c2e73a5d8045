import type { QuantisedOps } from '../../graph/op-attributes/quantised.ts'
import { contribDomain } from '../encode-scope.ts'
import { direct, integer, type OnnxRules, withAttributes } from './rule.ts'

/** Quantised ops as ONNX operators. */
export const quantisedOnnx = {
  matMulNBits: withAttributes(
    'MatMulNBits',
    ({ bits, blockSize, columns, rows, accuracyLevel }) => ({
      K: integer(columns),
      N: integer(rows),
      bits: integer(bits),
      block_size: integer(blockSize),
      accuracy_level: integer(accuracyLevel),
    }),
    contribDomain,
  ),
  matMulInteger: direct('MatMulInteger'),
  matMulIntegerToFloat: withAttributes('MatMulIntegerToFloat', () => ({}), contribDomain),
  gatherBlockQuantized: withAttributes(
    'GatherBlockQuantized',
    ({ bits, blockSize }) => ({
      bits: integer(bits),
      block_size: integer(blockSize),
      gather_axis: integer(0),
      quantize_axis: integer(1),
    }),
    contribDomain,
  ),
  quantizeLinear: withAttributes('QuantizeLinear', ({ axis, blockSize }) => ({
    axis: integer(axis),
    block_size: integer(blockSize),
  })),
  dequantizeLinear: withAttributes('DequantizeLinear', ({ axis, blockSize }) => ({
    axis: integer(axis),
    block_size: integer(blockSize),
  })),
} satisfies Pick<OnnxRules, keyof QuantisedOps>
