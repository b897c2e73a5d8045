import { roundHalfToEven } from '../half.ts'
import type { QuantisedOps } from '../op-attributes/quantised.ts'
import { around, build, offsetOf, operand, type ReferenceKernels, type ReferenceTensor, stridesOf } from './kernel.ts'
import { product } from './matmul.ts'

/** Element `at` of packed codes that begin at byte `from`: lowest bits first. */
export function unpack(bytes: Float64Array, from: number, at: number, bits: number): number {
  const bit = at * bits
  return (bytes[from + Math.floor(bit / 8)]! >> (bit % 8)) & (2 ** bits - 1)
}

/** The zero point of a block: packed, plain, or the middle of the codes. */
function zeroPointOf(
  zero: ReferenceTensor | undefined,
  row: number,
  block: number,
  blocks: number,
  bits: number,
): number {
  if (zero === undefined) return 2 ** (bits - 1)
  if (zero.dtype !== 'uint8') return zero.data[row * blocks + block]!
  return unpack(zero.data, row * Math.ceil((blocks * bits) / 8), block, bits)
}

/** Subtracts a zero point that is one number, or one per last index. */
function centred(x: ReferenceTensor, zero: ReferenceTensor | undefined): ReferenceTensor {
  if (zero === undefined) return x
  const columns = zero.data.length === 1 ? 1 : x.shape.at(-1)!
  return { ...x, data: x.data.map((value, at) => value - zero.data[at % columns]!) }
}

/** The scale or zero point that belongs to an index: one for all, one per slice of an axis, or one per block on it. */
function scaleReader(
  x: ReferenceTensor,
  scale: ReferenceTensor,
  options: { axis: number; blockSize: number },
): (index: readonly number[]) => number {
  if (scale.data.length === 1) return () => scale.data[0]!
  const { axis } = around(x.shape, options.axis)
  if (options.blockSize === 0) return (index) => scale.data[index[axis]!]!
  const strides = stridesOf(scale.shape)
  return (index) =>
    scale.data[
      offsetOf(
        index.map((at, other) => (other === axis ? Math.floor(at / options.blockSize) : at)),
        strides,
      )
    ]!
}

const limits: Readonly<Record<string, readonly [number, number]>> = { int8: [-128, 127], uint8: [0, 255] }

/** Exact quantised ops; the int8 activations that matMulNBits may use are not imitated. */
export const quantisedReference = {
  matMulNBits: (inputs, { bits, blockSize, columns, rows }) => {
    const [a, packed, scales] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)]
    const blocks = Math.ceil(columns / blockSize)
    const bytes = (blockSize * bits) / 8
    const weight = build(a.dtype, [rows, columns], ([row, column]) => {
      const block = Math.floor(column! / blockSize)
      const code = unpack(packed.data, (row! * blocks + block) * bytes, column! % blockSize, bits)
      return (code - zeroPointOf(inputs[3], row!, block, blocks, bits)) * scales.data[row! * blocks + block]!
    })
    const result = product(a, weight, { transposeB: true })
    const bias = inputs[5]
    return [bias ? { ...result, data: result.data.map((value, at) => value + bias.data[at % rows]!) } : result]
  },
  matMulInteger: (inputs) => {
    const result = product(centred(operand(inputs, 0), inputs[2]), centred(operand(inputs, 1), inputs[3]))
    return [{ ...result, dtype: 'int32' }]
  },
  matMulIntegerToFloat: (inputs) => {
    const [aScale, bScale] = [operand(inputs, 2).data[0]!, operand(inputs, 3).data]
    const result = product(centred(operand(inputs, 0), inputs[4]), centred(operand(inputs, 1), inputs[5]))
    const [rows, columns] = result.shape.slice(-2) as [number, number]
    // one for all, one per column, or one per column of each matrix
    const scaleAt = (at: number): number => Math.floor(at / (rows * columns)) * columns + (at % columns)
    const data = result.data.map((value, at) => value * aScale * bScale[scaleAt(at) % bScale.length]!)
    return [{ dtype: 'float32', shape: result.shape, data }]
  },
  gatherBlockQuantized: (inputs, { bits, blockSize }) => {
    const [table, ids, scales] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)]
    const bytes = table.shape[1]!
    const blocks = scales.shape[1]!
    const idStrides = stridesOf(ids.shape)
    const at = (index: readonly number[]): number => {
      const row = ids.data[offsetOf(index.slice(0, -1), idStrides)]!
      const column = index.at(-1)!
      const block = Math.floor(column / blockSize)
      const code = unpack(table.data, row * bytes, column, bits)
      return (code - zeroPointOf(inputs[3], row, block, blocks, bits)) * scales.data[row * blocks + block]!
    }
    return [build(scales.dtype, [...ids.shape, (bytes * 8) / bits], at)]
  },
  quantizeLinear: (inputs, attributes) => {
    const [x, scale, zero] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)]
    const [readScale, readZero] = [scaleReader(x, scale, attributes), scaleReader(x, zero, attributes)]
    const [min, max] = limits[zero.dtype]!
    const strides = stridesOf(x.shape)
    const at = (index: readonly number[]): number => {
      const code = roundHalfToEven(x.data[offsetOf(index, strides)]! / readScale(index)) + readZero(index)
      return Math.min(Math.max(code, min), max)
    }
    return [build(zero.dtype, x.shape, at)]
  },
  dequantizeLinear: (inputs, attributes) => {
    const [x, scale, zero] = [operand(inputs, 0), operand(inputs, 1), inputs[2]]
    const readScale = scaleReader(x, scale, attributes)
    const readZero = zero ? scaleReader(x, zero, attributes) : () => 0
    const strides = stridesOf(x.shape)
    return [
      build(scale.dtype, x.shape, (index) => (x.data[offsetOf(index, strides)]! - readZero(index)) * readScale(index)),
    ]
  },
} satisfies Pick<ReferenceKernels, keyof QuantisedOps>
