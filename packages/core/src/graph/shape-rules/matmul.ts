import type { Dimension } from '../dimension.ts'
import type { OpName } from '../op.ts'
import type { MatmulOps } from '../op-attributes/matmul.ts'
import type { TensorType } from '../value.ts'
import { broadcastDimension, broadcastShapes, checkSame, checkShape, need, type ShapeRules, sameType } from './rule.ts'

/** Shape of a batched matrix product, either side transposed; vectors as `matMul` says. */
export function productShape(
  op: OpName,
  left: TensorType,
  right: TensorType,
  transposeA = false,
  transposeB = false,
): readonly Dimension[] {
  const operands = [left, right]
  checkShape(left.shape.length > 0 && right.shape.length > 0, op, operands, 'scalars cannot be multiplied as matrices')
  const a = left.shape.length === 1 ? [1, ...left.shape] : left.shape
  const b = right.shape.length === 1 ? [...right.shape, 1] : right.shape
  const inner = a.at(transposeA ? -2 : -1)
  checkSame(op, operands, inner, b.at(transposeB ? -1 : -2), 'the inner sizes')
  const batch = broadcastShapes(op, [
    { dtype: left.dtype, shape: a.slice(0, -2) },
    { dtype: right.dtype, shape: b.slice(0, -2) },
  ])
  const rows = left.shape.length === 1 ? [] : [a.at(transposeA ? -1 : -2)!]
  const columns = right.shape.length === 1 ? [] : [b.at(transposeB ? -2 : -1)!]
  return [...batch, ...rows, ...columns]
}

/** Shapes of matrix products. */
export const matmulShapes = {
  matMul: (inputs) => {
    const left = need('matMul', inputs, 0, 'the left operand')
    const right = need('matMul', inputs, 1, 'the right operand')
    return [{ dtype: sameType('matMul', inputs), shape: productShape('matMul', left, right) }]
  },
  fusedMatMul: (inputs, { transposeA, transposeB }) => {
    const left = need('fusedMatMul', inputs, 0, 'the left operand')
    const right = need('fusedMatMul', inputs, 1, 'the right operand')
    checkShape(
      left.shape.length >= 2 && right.shape.length >= 2,
      'fusedMatMul',
      inputs,
      'the operands must be matrices',
    )
    const shape = productShape('fusedMatMul', left, right, transposeA, transposeB)
    return [{ dtype: sameType('fusedMatMul', inputs), shape }]
  },
  gemm: (inputs, { transposeA, transposeB }) => {
    const left = need('gemm', inputs, 0, 'the left operand')
    const right = need('gemm', inputs, 1, 'the right operand')
    checkShape(left.shape.length === 2 && right.shape.length === 2, 'gemm', inputs, 'the operands must be matrices')
    const shape = productShape('gemm', left, right, transposeA, transposeB)
    const bias = inputs[2]
    if (bias) {
      const joined = broadcastShapes('gemm', [bias, { dtype: left.dtype, shape }])
      checkShape(joined.length === 2, 'gemm', inputs, 'the bias must broadcast to the product')
      joined.forEach((size, axis) => {
        checkSame('gemm', inputs, size, shape[axis], 'bias and product sizes')
      })
    }
    return [{ dtype: sameType('gemm', inputs), shape }]
  },
  einsum: (inputs, { equation }) => {
    const given = inputs.filter((input) => input !== undefined)
    const parts = /^([a-z,]*)->([a-z]*)$/.exec(equation)
    checkShape(parts !== null, 'einsum', given, `the equation ${equation} must be of the form ab,bc->ac`)
    const terms = parts[1]!.split(',')
    checkShape(terms.length === given.length, 'einsum', given, `the equation ${equation} must have a term per operand`)
    const sizes = new Map<string, Dimension>()
    terms.forEach((term, index) => {
      const shape = given[index]!.shape
      checkShape(term.length === shape.length, 'einsum', given, `${term} must name each dimension of its operand`)
      shape.forEach((size, axis) => {
        const letter = term[axis]!
        const joined = broadcastDimension(sizes.get(letter) ?? size, size)
        checkShape(joined !== undefined, 'einsum', given, `the sizes of ${letter} must be equal, or 1`)
        sizes.set(letter, joined)
      })
    })
    const letters = [...parts[2]!]
    const known = letters.every((letter) => sizes.has(letter)) && new Set(letters).size === letters.length
    checkShape(known, 'einsum', given, `each letter of the result ${parts[2]} must occur in an operand, once`)
    return [{ dtype: sameType('einsum', given), shape: letters.map((letter) => sizes.get(letter)!) }]
  },
} satisfies Pick<ShapeRules, keyof MatmulOps>
