import type { MatmulOps } from '../op-attributes/matmul.ts'
import {
  broadcastReader,
  broadcastSizes,
  build,
  forEachIndex,
  offsetOf,
  operand,
  type ReferenceKernels,
  type ReferenceTensor,
  stridesOf,
} from './kernel.ts'

interface ProductOptions {
  readonly alpha?: number
  readonly transposeA?: boolean
  readonly transposeB?: boolean
}

/** Batched matrix product; vectors count as a row on the left and a column on the right. */
export function product(left: ReferenceTensor, right: ReferenceTensor, options: ProductOptions = {}): ReferenceTensor {
  const { alpha = 1, transposeA = false, transposeB = false } = options
  const a = left.shape.length === 1 ? { ...left, shape: [1, ...left.shape] } : left
  const b = right.shape.length === 1 ? { ...right, shape: [...right.shape, 1] } : right
  const inner = a.shape.at(transposeA ? -2 : -1)!
  const batch = broadcastSizes(a.shape.slice(0, -2), b.shape.slice(0, -2))
  const [rows, columns] = [a.shape.at(transposeA ? -1 : -2)!, b.shape.at(transposeB ? -2 : -1)!]
  const [readA, readB] = [matrixReader(a, transposeA), matrixReader(b, transposeB)]
  const full = build(left.dtype, [...batch, rows, columns], (index) => {
    const [at, row, column] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!]
    let sum = 0
    for (let k = 0; k < inner; k += 1) sum += readA(at, row, k) * readB(at, k, column)
    return alpha * sum
  })
  const shape = [...batch, ...(left.shape.length === 1 ? [] : [rows]), ...(right.shape.length === 1 ? [] : [columns])]
  return { ...full, shape }
}

function matrixReader(
  x: ReferenceTensor,
  transposed: boolean,
): (batch: readonly number[], row: number, column: number) => number {
  const strides = stridesOf(x.shape)
  const [rowStride, columnStride] = transposed ? [strides.at(-1)!, strides.at(-2)!] : [strides.at(-2)!, strides.at(-1)!]
  const ranks = x.shape.length - 2
  return (batch, row, column) => {
    let offset = row * rowStride + column * columnStride
    for (let axis = 0; axis < ranks; axis += 1)
      if (x.shape[axis] !== 1) offset += batch[axis + batch.length - ranks]! * strides[axis]!
    return x.data[offset]!
  }
}

/** Sum of products by index letters. */
function einsum(inputs: readonly ReferenceTensor[], equation: string): ReferenceTensor {
  const [left, result] = equation.split('->') as [string, string]
  const terms = left.split(',')
  const sizes = new Map<string, number>()
  terms.forEach((term, at) => {
    ;[...term].forEach((letter, axis) => {
      const size = inputs[at]!.shape[axis]!
      sizes.set(letter, Math.max(size, sizes.get(letter) ?? 1))
    })
  })
  const summed = [...sizes.keys()].filter((letter) => !result.includes(letter))
  const letters = [...result, ...summed]
  const readers = inputs.map(broadcastReader)
  const places = terms.map((term) => [...term].map((letter) => letters.indexOf(letter)))
  const shape = [...result].map((letter) => sizes.get(letter)!)
  const strides = stridesOf(shape)
  const data = new Float64Array(shape.reduce((count, size) => count * size, 1))
  forEachIndex(
    letters.map((letter) => sizes.get(letter)!),
    (index) => {
      const factors = readers.map((read, at) => read(places[at]!.map((place) => index[place]!)))
      const offset = offsetOf(index.slice(0, result.length), strides)
      data[offset] = data[offset]! + factors.reduce((total, factor) => total * factor, 1)
    },
  )
  return { dtype: inputs[0]!.dtype, shape, data }
}

/** Exact matrix products. */
export const matmulReference = {
  matMul: (inputs) => [product(operand(inputs, 0), operand(inputs, 1))],
  fusedMatMul: (inputs, attributes) => [product(operand(inputs, 0), operand(inputs, 1), attributes)],
  gemm: (inputs, attributes) => {
    const result = product(operand(inputs, 0), operand(inputs, 1), attributes)
    const bias = inputs[2]
    if (!bias) return [result]
    const [read, readBias] = [broadcastReader(result), broadcastReader(bias)]
    return [build(result.dtype, result.shape, (index) => read(index) + attributes.beta * readBias(index))]
  },
  einsum: (inputs, { equation }) => [
    einsum(
      inputs.filter((input) => input !== undefined),
      equation,
    ),
  ],
} satisfies Pick<ReferenceKernels, keyof MatmulOps>
