import { multiplyDimensions } from '../dimension.ts'
import type { OpName } from '../op.ts'
import type { QuantisedOps } from '../op-attributes/quantised.ts'
import type { TensorType } from '../value.ts'
import { productShape } from './matmul.ts'
import { checkFloat, checkIndex, checkSame, checkShape, need, resolveAxis, type ShapeRules, withSize } from './rule.ts'

type Inputs = readonly (TensorType | undefined)[]

/** 8-bit integers, and per-axis or per-block scales that fit. */
function checkScales(op: OpName, inputs: Inputs, options: { axis: number; blockSize: number }): void {
  const x = need(op, inputs, 0, 'the operand')
  const scale = need(op, inputs, 1, 'the scale')
  const rank = scale.shape.length
  if (options.blockSize === 0) {
    checkShape(rank <= 1, op, inputs, 'the scale must be a scalar or a vector')
    if (rank === 0) return
    const axis = resolveAxis(op, inputs, options.axis, x.shape.length)
    checkSame(op, inputs, scale.shape[0], x.shape[axis], 'the number of scales and the size of the axis')
    return
  }
  const axis = resolveAxis(op, inputs, options.axis, x.shape.length)
  checkShape(rank === x.shape.length, op, inputs, 'block scales must have the rank of the operand')
  const size = x.shape[axis]
  const blocks = scale.shape[axis]
  const fits = typeof size === 'number' && typeof blocks === 'number' && Math.ceil(size / options.blockSize) === blocks
  checkShape(fits, op, inputs, `there must be a scale per ${options.blockSize} elements on axis ${axis}`)
}

/** Shapes of quantised ops. */
export const quantisedShapes = {
  matMulNBits: (inputs, { bits, blockSize, columns, rows }) => {
    const op = 'matMulNBits'
    const a = need(op, inputs, 0, 'the left operand')
    const packed = need(op, inputs, 1, 'the packed weight')
    const scales = need(op, inputs, 2, 'the scales')
    checkFloat(op, inputs, a)
    checkSame(op, inputs, a.shape.at(-1), columns, 'the last size and the columns of the weight')
    const power = blockSize >= 16 && Number.isInteger(Math.log2(blockSize))
    checkShape(power, op, inputs, `the block size ${blockSize} must be a power of two >= 16`)
    const blocks = Math.ceil(columns / blockSize)
    const expected = [rows, blocks, (blockSize * bits) / 8]
    const fits =
      packed.dtype === 'uint8' && packed.shape.length === 3 && packed.shape.every((size, at) => size === expected[at])
    checkShape(fits, op, inputs, `the packed weight must be uint8 [${expected.join(', ')}]`)
    const scaleCount = multiplyDimensions(...scales.shape)
    checkShape(
      scaleCount === rows * blocks && scales.dtype === a.dtype,
      op,
      inputs,
      `the scales must be ${a.dtype} [${rows}, ${blocks}]`,
    )
    const zero = inputs[3]
    if (zero) {
      const zeroCount = zero.dtype === 'uint8' ? rows * Math.ceil((blocks * bits) / 8) : rows * blocks
      const zeroFits =
        multiplyDimensions(...zero.shape) === zeroCount && (zero.dtype === 'uint8' || zero.dtype === a.dtype)
      checkShape(
        zeroFits,
        op,
        inputs,
        `the zero points must be uint8 with ${rows * Math.ceil((blocks * bits) / 8)} bytes, or ${a.dtype}`,
      )
    }
    const bias = inputs[5]
    if (bias) checkSame(op, inputs, bias.shape[0], rows, 'the size of the bias and the rows of the weight')
    return [{ dtype: a.dtype, shape: withSize(a.shape, a.shape.length - 1, rows) }]
  },
  matMulInteger: (inputs) => {
    const op = 'matMulInteger'
    const a = need(op, inputs, 0, 'the left operand')
    const b = need(op, inputs, 1, 'the right operand')
    const eightBit = [a, b].every((type) => type.dtype === 'int8' || type.dtype === 'uint8')
    checkShape(eightBit, op, inputs, 'the operands must be int8 or uint8')
    for (const [index, type] of [a, b].entries()) {
      const zero = inputs[index + 2]
      if (zero === undefined) continue
      checkShape(
        zero.dtype === type.dtype && zero.shape.length <= 1,
        op,
        inputs,
        "a zero point must be of its operand's type",
      )
    }
    return [{ dtype: 'int32', shape: productShape(op, a, b) }]
  },
  matMulIntegerToFloat: (inputs) => {
    const op = 'matMulIntegerToFloat'
    const a = need(op, inputs, 0, 'the left operand')
    const b = need(op, inputs, 1, 'the right operand')
    const eightBit = [a, b].every((type) => type.dtype === 'int8' || type.dtype === 'uint8')
    checkShape(eightBit, op, inputs, 'the operands must be int8 or uint8')
    const bScale = need(op, inputs, 3, 'the scale of the right operand')
    checkShape(
      need(op, inputs, 2, 'the scale of the left operand').shape.length === 0,
      op,
      inputs,
      'the scale of the left operand must be a scalar',
    )
    if (bScale.shape.length > 0)
      checkSame(op, inputs, bScale.shape.at(-1), b.shape.at(-1), 'the scales and the columns of the right operand')
    if (bScale.shape.length > 1) {
      const ofMatrices = [...b.shape.slice(0, -2), 1, b.shape.at(-1)]
      const rule = 'scales of several matrices must have the sizes of the right operand, with one row'
      checkShape(bScale.shape.length === b.shape.length, op, inputs, rule)
      for (const [axis, size] of ofMatrices.entries()) checkSame(op, inputs, bScale.shape[axis], size, rule)
    }
    return [{ dtype: 'float32', shape: productShape(op, a, b) }]
  },
  gatherBlockQuantized: (inputs, { bits, blockSize }) => {
    const op = 'gatherBlockQuantized'
    const table = need(op, inputs, 0, 'the table')
    const ids = need(op, inputs, 1, 'the ids')
    const scales = need(op, inputs, 2, 'the scales')
    checkIndex(op, inputs, ids)
    checkFloat(op, inputs, scales)
    const packed = table.shape[1]
    const fits = table.dtype === 'uint8' && table.shape.length === 2 && typeof packed === 'number'
    checkShape(fits, op, inputs, 'the table must be packed uint8 [rows, bytes]')
    const columns = (packed * 8) / bits
    const blocks = Math.ceil(columns / blockSize)
    checkSame(op, inputs, scales.shape[0], table.shape[0], 'the rows of scales and table')
    checkSame(op, inputs, scales.shape[1], blocks, 'the scales and the blocks of a row')
    const zero = inputs[3]
    if (zero) checkSame(op, inputs, zero.shape[1], Math.ceil((blocks * bits) / 8), 'the bytes of zero points of a row')
    return [{ dtype: scales.dtype, shape: [...ids.shape, columns] }]
  },
  quantizeLinear: (inputs, attributes) => {
    const x = need('quantizeLinear', inputs, 0, 'the operand')
    const zero = need('quantizeLinear', inputs, 2, 'the zero point')
    checkFloat('quantizeLinear', inputs, x)
    checkScales('quantizeLinear', inputs, attributes)
    const eightBit = zero.dtype === 'int8' || zero.dtype === 'uint8'
    checkShape(eightBit, 'quantizeLinear', inputs, 'the zero point must be int8 or uint8')
    return [{ dtype: zero.dtype, shape: x.shape }]
  },
  dequantizeLinear: (inputs, attributes) => {
    const x = need('dequantizeLinear', inputs, 0, 'the operand')
    const scale = need('dequantizeLinear', inputs, 1, 'the scale')
    const whole = x.dtype === 'int8' || x.dtype === 'uint8' || x.dtype === 'int32'
    checkShape(whole, 'dequantizeLinear', inputs, 'the operand must be int8, uint8 or int32')
    checkScales('dequantizeLinear', inputs, attributes)
    return [{ dtype: scale.dtype, shape: x.shape }]
  },
} satisfies Pick<ShapeRules, keyof QuantisedOps>
