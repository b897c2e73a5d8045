import { divideDimensions } from '../dimension.ts'
import type { AttentionOps, GroupQueryAttentionAttributes } from '../op-attributes/attention.ts'
import type { TensorType } from '../value.ts'
import { checkFloat, checkSame, checkShape, need, type ShapeRules, sameType } from './rule.ts'

type Inputs = readonly (TensorType | undefined)[]

/** Checks the operands of grouped-query attention and gives the head size. */
function groupQueryHeadDim(inputs: Inputs, attributes: GroupQueryAttentionAttributes): number {
  const op = 'groupQueryAttention'
  const { numHeads, kvHeads, rotary } = attributes
  const query = need(op, inputs, 0, 'the query')
  checkFloat(op, inputs, query)
  checkShape(query.shape.length === 3, op, inputs, 'the query must have three dimensions')
  checkShape(
    numHeads % kvHeads === 0,
    op,
    inputs,
    `heads (${numHeads}) must be a multiple of key/value heads (${kvHeads})`,
  )
  const packed = inputs[1] === undefined
  const headDim = divideDimensions(query.shape[2]!, packed ? numHeads + 2 * kvHeads : numHeads)
  const whole = typeof headDim === 'number' && headDim % 8 === 0
  checkShape(whole, op, inputs, 'the last size of the query must be heads times a head size that is a multiple of 8')
  for (const index of [1, 2]) {
    const operand = inputs[index]
    if (packed) checkShape(operand === undefined, op, inputs, 'key and value must both be given, or both packed')
    else
      checkSame(
        op,
        inputs,
        need(op, inputs, index, 'key and value').shape[2],
        kvHeads * headDim,
        'key/value size and heads times head size',
      )
  }
  if (rotary) {
    checkShape(headDim % 16 === 0, op, inputs, 'with rotary the head size must be a multiple of 16')
    for (const index of [7, 8]) {
      const table = need(op, inputs, index, 'cos and sin tables')
      const columns = table.shape[1]
      const fits = typeof columns === 'number' && columns <= headDim / 2 && columns % 8 === 0
      checkShape(
        table.shape.length === 2 && fits,
        op,
        inputs,
        'cos and sin must be [rows, headDim / 2], a multiple of 8 columns',
      )
    }
  }
  return headDim
}

function checkLengths(inputs: Inputs): void {
  const op = 'groupQueryAttention'
  const lastIndex = need(op, inputs, 5, 'lastIndex')
  const total = need(op, inputs, 6, 'totalLength')
  const fits =
    lastIndex.dtype === 'int32' && lastIndex.shape.length === 1 && total.dtype === 'int32' && total.shape.length === 0
  checkShape(fits, op, inputs, 'lastIndex must be int32 [B] and totalLength an int32 scalar')
}

/** Shapes of attention ops. */
export const attentionShapes = {
  groupQueryAttention: (inputs, attributes) => {
    const op = 'groupQueryAttention'
    const { numHeads, kvHeads, presentLength, scores, keyScale, cacheBits } = attributes
    const headDim = groupQueryHeadDim(inputs, attributes)
    checkLengths(inputs)
    // the CPU kernel reads only the first position of a row without past and counts on from there
    checkShape(inputs[9] === undefined || inputs[3] !== undefined, op, inputs, 'positions need a past')
    const query = inputs[0]!
    const [batch, tokens] = [query.shape[0]!, query.shape[1]!]
    const past = inputs[3]
    const stored = keyScale === 'none' || cacheBits === 8 ? headDim : headDim / 2
    if (past) {
      checkShape(past.shape.length === 4, op, inputs, 'the past must have four dimensions')
      checkSame(op, inputs, past.shape[1], kvHeads, 'the heads of the past and the key/value heads')
      checkSame(op, inputs, past.shape[3], stored, 'the head sizes of past and key')
      sameType(op, [past, need(op, inputs, 4, 'the past values')])
    }
    const cacheType = past?.dtype ?? (keyScale === 'none' ? query.dtype : cacheBits === 8 ? 'int8' : 'uint8')
    const present: TensorType = { dtype: cacheType, shape: [batch, kvHeads, presentLength, stored] }
    const output: TensorType = { dtype: query.dtype, shape: [batch, tokens, numHeads * headDim] }
    const probabilities: TensorType = { dtype: query.dtype, shape: [batch, numHeads, tokens, presentLength] }
    return [output, present, present, ...(scores === 'none' ? [] : [probabilities])]
  },
  multiHeadAttention: (inputs, { numHeads }) => {
    const op = 'multiHeadAttention'
    const query = need(op, inputs, 0, 'the query')
    const key = need(op, inputs, 1, 'the key')
    const value = need(op, inputs, 2, 'the value')
    sameType(op, inputs)
    checkShape(query.shape.length === 3, op, inputs, 'the query must have three dimensions')
    const headDim = divideDimensions(query.shape[2]!, numHeads)
    checkShape(typeof headDim === 'number', op, inputs, 'the last size of the query must be a multiple of the heads')
    checkShape(key.shape.length === value.shape.length, op, inputs, 'key and value must have the same rank')
    const flat = key.shape.length === 3
    checkShape(flat || key.shape.length === 4, op, inputs, 'key and value must have three or four dimensions')
    checkSame(
      op,
      inputs,
      flat ? key.shape[2] : key.shape[3],
      flat ? query.shape[2] : headDim,
      'the head sizes of query and key',
    )
    const valueSize = flat ? value.shape[2]! : numHeads * Number(value.shape[3])
    return [{ dtype: query.dtype, shape: [query.shape[0]!, query.shape[1]!, valueSize] }]
  },
  rotaryEmbedding: (inputs, { numHeads, rotaryDim }) => {
    const op = 'rotaryEmbedding'
    const x = need(op, inputs, 0, 'the operand')
    const rank = x.shape.length
    sameType(op, inputs)
    checkShape(
      rank === 4 || (rank === 3 && numHeads > 0),
      op,
      inputs,
      'the operand must have four dimensions, or three with numHeads',
    )
    const headDim = rank === 4 ? x.shape[3]! : divideDimensions(x.shape[2]!, numHeads)
    checkShape(typeof headDim === 'number', op, inputs, 'the last size must be a multiple of the heads')
    const half = (rotaryDim === 0 ? headDim : rotaryDim) / 2
    for (const index of [1, 2]) {
      const table = need(op, inputs, index, 'cos and sin')
      checkShape(table.shape.length === 3, op, inputs, 'cos and sin must be [B, T, R/2]')
      checkSame(op, inputs, table.shape[1], x.shape[rank - 2], 'the tokens of cos/sin and operand')
      checkSame(op, inputs, table.shape[2], half, 'the columns of cos/sin and half of the rotated size')
    }
    return [{ dtype: x.dtype, shape: x.shape }]
  },
} satisfies Pick<ShapeRules, keyof AttentionOps>
