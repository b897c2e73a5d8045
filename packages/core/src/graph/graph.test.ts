import { isLcError } from '@lc/model/errors'
import { describe, expect, test } from 'vitest'
import { Graph } from './graph.ts'
import { groupQueryAttention, rotaryEmbedding } from './ops/attention.ts'
import { add, and, clip, exp, where } from './ops/elementwise.ts'
import { gather, gatherNd, scatterNd } from './ops/gather.ts'
import { einsum, fusedMatMul, gemm, matMul } from './ops/matmul.ts'
import { concat, dynamicSlice, expand, pad, reshape, slice, split, squeeze, transpose } from './ops/movement.ts'
import { simplifiedLayerNormalization, skipSimplifiedLayerNormalization } from './ops/normalisation.ts'
import { gatherBlockQuantized, matMulInteger, matMulNBits, quantizeLinear } from './ops/quantised.ts'
import { reduceSum, softmax, topK } from './ops/reduction.ts'
import type { Value } from './value.ts'

const graph = new Graph('test')
const f = (name: string, ...shape: readonly (number | string)[]): Value =>
  graph.input(`${name}${graph.inputs.size}`, 'float32', shape)
const integers = (
  dtype: 'int32' | 'int64' | 'uint8' | 'int8' | 'bool',
  ...shape: readonly (number | string)[]
): Value => graph.input(`i${graph.inputs.size}`, dtype, shape)

describe('shapes', () => {
  test.each<[string, Value, readonly (number | string)[]]>([
    ['broadcasting', add(f('a', 'B', 1, 4), f('b', 'T', 1)), ['B', 'T', 4]],
    ['a product with batches', matMul(f('a', 'B', 'T', 8), f('b', 8, 3)), ['B', 'T', 3]],
    ['a product of a row', matMul(f('a', 8), f('b', 8, 3)), [3]],
    [
      'a transposed product',
      fusedMatMul(f('a', 'B', 'T', 8), f('b', 'B', 'S', 8), { transposeB: true }),
      ['B', 'T', 'S'],
    ],
    ['index letters', einsum('bgtd, bgsd -> bgts', f('a', 'B', 2, 'T', 8), f('b', 'B', 2, 'S', 8)), ['B', 2, 'T', 'S']],
    ['a sum over an axis', reduceSum(f('a', 'B', 'T', 8), { axes: [1], keepDims: false }), ['B', 8]],
    ['joining lengths', concat([f('a', 2, 'P', 8), f('b', 2, 'T', 8)], { axis: 1 }), [2, 'P+T', 8]],
    ['splitting the last size', reshape(f('a', 'B', 'T', 64), ['B', 'T', 4, 16]), ['B', 'T', 4, 16]],
    ['inferring a size', reshape(f('a', 'B', 'T', 64), ['B', -1]), ['B', '64*T']],
    ['a slice to the end', slice(f('a', 'T', 8), { axis: 0, start: 1 }), ['T-1', 8]],
    ['the last rows', slice(f('a', 'T', 8), { axis: 0, start: -2 }), [2, 8]],
    ['a slice beyond the end', slice(f('a', 5, 8), { axis: 0, start: 3, end: 99 }), [2, 8]],
    ['rows by number', gather(f('a', 9, 4), integers('int64', 'B', 'T')), ['B', 'T', 4]],
    ['the k largest', topK(f('a', 'T', 9), 3).values, ['T', 3]],
    ['padding', pad(f('a', 'T', 4), { before: [1, 0], after: [2, 0] }), ['T+3', 4]],
  ])('of %s', (_, value, shape) => {
    expect(value.shape).toEqual(shape)
  })
})

describe('operands that do not fit', () => {
  const x = f('x', 'B', 'T', 8)
  const half = graph.input('half', 'float16', ['T', 8])
  test.each<[string, () => unknown, string]>([
    ['sizes', () => add(x, f('b', 'T', 7)), 'the shapes must broadcast'],
    ['types', () => add(x, half), 'the operands must have one element type'],
    ['inner sizes', () => matMul(x, f('b', 9, 3)), 'the inner sizes must be equal (8 and 9)'],
    ['symbolic inner sizes', () => matMul(f('a', 2, 'T'), f('b', 'S', 3)), 'the inner sizes must be equal (T and S)'],
    ['a matrix that is not one', () => gemm(x, f('b', 8, 8)), 'the operands must be matrices'],
    ['letters', () => einsum('ab,bc->ac', x, f('b', 8, 2)), 'ab must name each dimension'],
    ['a letter from nowhere', () => einsum('ab->abz', f('a', 2, 3)), 'must occur in an operand'],
    ['an axis', () => softmax(x, { axis: 3 }), 'axis 3 must lie in a tensor of 3 dimensions'],
    ['integers for exp', () => exp(integers('int32', 2)), 'must be of a float type'],
    ['numbers for and', () => and(x, x), 'must be bool'],
    ['a condition', () => where(x, x, x), 'the condition must be bool'],
    ['limits', () => clip(x, { min: 2, max: 1 }), 'min 2 must not exceed max 1'],
    ['a number of elements', () => reshape(x, ['B', 'T', 9]), 'the number of elements must stay'],
    ['a permutation', () => transpose(x, [0, 0, 1]), 'must be different'],
    ['a size to drop', () => squeeze(x, [2]), 'must have size 1'],
    ['an expansion', () => expand(x, ['B', 'T', 9]), 'must broadcast to'],
    ['parts', () => split(x, [3, 4]), 'the sum of the parts must be equal (8 and 7)'],
    ['ranks', () => concat([x, f('b', 'T', 8)]), 'the ranks must be equal'],
    [
      'bounds',
      () => dynamicSlice(x, { starts: integers('int32', 1), ends: integers('int64', 1), axes: [0], sizes: ['N'] }),
      'starts must be int64',
    ],
    ['places', () => gather(x, f('ids', 2)), 'places must be int32 or int64'],
    ['coordinates', () => gatherNd(x, integers('int64', 2, 4)), 'a number of dimensions of the operand'],
    ['updates', () => scatterNd(f('a', 5, 4), integers('int64', 2, 1), f('u', 2, 3)), 'updates'],
    ['k', () => topK(f('a', 4), 5), 'must not exceed the size of the axis'],
    ['a scale', () => simplifiedLayerNormalization(x, f('s', 7), { epsilon: 1e-5 }), 'the size of the scale'],
    [
      'a skip',
      () => skipSimplifiedLayerNormalization(x, f('s', 'B', 'S', 8), f('s', 8), { epsilon: 1e-5 }),
      'operand and skip',
    ],
    [
      'a packed weight',
      () => matMulNBits(f('a', 'T', 64), integers('uint8', 4, 2, 15), f('s', 4, 2), { bits: 4, blockSize: 32 }),
      'must be uint8 [4, 2, 16]',
    ],
    [
      'a block size',
      () => matMulNBits(f('a', 'T', 64), integers('uint8', 4, 2, 16), f('s', 4, 2), { bits: 4, blockSize: 24 }),
      'power of two',
    ],
    ['floats in an integer product', () => matMulInteger(x, x), 'must be int8 or uint8'],
    [
      'scales of rows',
      () =>
        gatherBlockQuantized(integers('uint8', 9, 16), integers('int64', 2), f('s', 9, 3), { bits: 4, blockSize: 32 }),
      'the scales and the blocks of a row',
    ],
    ['a zero point', () => quantizeLinear(x, f('s'), integers('int32')), 'must be int8 or uint8'],
    [
      'cos and sin',
      () => rotaryEmbedding(f('x', 1, 2, 'T', 8), f('c', 1, 'T', 3), f('c', 1, 'T', 3)),
      'half of the rotated size',
    ],
  ])('are refused: %s', (_, make, rule) => {
    const error = catchError(make)
    expect(isLcError(error) && error.code).toBe('shape')
    expect(String(error)).toContain(rule)
  })

  test('positions without a past are refused, as the CPU kernel would read only the first', () => {
    const [query, key] = [f('q', 1, 'T', 32), f('k', 1, 'T', 16)]
    const inputs = { query, key, value: key, lastIndex: integers('int32', 1), totalLength: integers('int32') }
    const table = f('cos', 64, 8)
    const make = () =>
      groupQueryAttention(
        { ...inputs, cos: table, sin: table, positions: integers('int64', 1, 'T') },
        { numHeads: 2, kvHeads: 1, rotary: true },
      )
    expect(make).toThrow('positions need a past')
  })

  test('values of another graph are refused', () => {
    const other = new Graph('other').input('y', 'float32', [8])
    expect(() => add(x, other)).toThrow('operand of add must be a value of the graph test')
  })

  test('a fraction beside integers is refused', () => {
    expect(() => add(integers('int32', 2), 0.5)).toThrow('a whole number, as the other operand is int32')
  })
})

describe('a graph', () => {
  test('refuses a name twice, an empty one, and those of intermediate results', () => {
    const own = new Graph('names')
    own.input('x', 'float32', [1])
    for (const name of ['x', '', '#1']) expect(() => own.weight(name, 'float32', [1])).toThrow('name must be')
  })

  test('keeps one of equal small constants', () => {
    const own = new Graph('constants')
    expect(own.constant(1)).toBe(own.constant(1))
    expect(own.constant(1)).not.toBe(own.constant(1, [], 'int32'))
    expect(own.constants.size).toBe(2)
  })

  test('refuses data that does not fit its type or shape', () => {
    const own = new Graph('data')
    expect(() => own.constant(new Float32Array(3), [2])).toThrow('2 elements for shape [2]')
    expect(() => own.constant(new Float32Array(2), [2], 'int32')).toThrow('an array that holds int32')
  })
})

function catchError(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error
  }
}
