import type { GatherOps } from '../op-attributes/gather.ts'
import { checkIndex, checkSame, checkShape, need, resolveAxis, type ShapeRules, sameType, withSize } from './rule.ts'

/** Shapes of gathers and scatters. */
export const gatherShapes = {
  gather: (inputs, attributes) => {
    const table = need('gather', inputs, 0, 'the table')
    const ids = need('gather', inputs, 1, 'the ids')
    checkIndex('gather', inputs, ids)
    const axis = resolveAxis('gather', inputs, attributes.axis, table.shape.length)
    return [{ dtype: table.dtype, shape: withSize(table.shape, axis, ...ids.shape) }]
  },
  gatherElements: (inputs, attributes) => {
    const x = need('gatherElements', inputs, 0, 'the operand')
    const ids = need('gatherElements', inputs, 1, 'the ids')
    checkIndex('gatherElements', inputs, ids)
    checkShape(
      ids.shape.length === x.shape.length,
      'gatherElements',
      inputs,
      'the ids must have the rank of the operand',
    )
    resolveAxis('gatherElements', inputs, attributes.axis, x.shape.length)
    return [{ dtype: x.dtype, shape: ids.shape }]
  },
  gatherNd: (inputs, { batchDims }) => {
    const x = need('gatherNd', inputs, 0, 'the operand')
    const ids = need('gatherNd', inputs, 1, 'the ids')
    checkShape(ids.dtype === 'int64', 'gatherNd', inputs, 'the coordinates must be int64')
    const depth = ids.shape.at(-1)
    const fits = typeof depth === 'number' && batchDims < ids.shape.length && batchDims + depth <= x.shape.length
    checkShape(fits, 'gatherNd', inputs, 'the last size of the ids must be a number of dimensions of the operand')
    for (let axis = 0; axis < batchDims; axis += 1)
      checkSame('gatherNd', inputs, x.shape[axis], ids.shape[axis], `the batch sizes of axis ${axis}`)
    return [{ dtype: x.dtype, shape: [...ids.shape.slice(0, -1), ...x.shape.slice(batchDims + depth)] }]
  },
  scatterElements: (inputs, attributes) => {
    const x = need('scatterElements', inputs, 0, 'the operand')
    const ids = need('scatterElements', inputs, 1, 'the ids')
    const updates = need('scatterElements', inputs, 2, 'the updates')
    checkIndex('scatterElements', inputs, ids)
    sameType('scatterElements', [x, updates])
    resolveAxis('scatterElements', inputs, attributes.axis, x.shape.length)
    const ranks = ids.shape.length === x.shape.length && updates.shape.length === x.shape.length
    checkShape(ranks, 'scatterElements', inputs, 'ids and updates must have the rank of the operand')
    ids.shape.forEach((size, axis) => {
      checkSame('scatterElements', inputs, size, updates.shape[axis], `the sizes of ids and updates on axis ${axis}`)
    })
    return [{ dtype: x.dtype, shape: x.shape }]
  },
  scatterNd: (inputs) => {
    const x = need('scatterNd', inputs, 0, 'the operand')
    const ids = need('scatterNd', inputs, 1, 'the ids')
    const updates = need('scatterNd', inputs, 2, 'the updates')
    checkShape(ids.dtype === 'int64', 'scatterNd', inputs, 'the coordinates must be int64')
    sameType('scatterNd', [x, updates])
    const depth = ids.shape.at(-1)
    const fits = typeof depth === 'number' && depth <= x.shape.length
    checkShape(fits, 'scatterNd', inputs, 'the last size of the ids must be a number of dimensions of the operand')
    const shape = [...ids.shape.slice(0, -1), ...x.shape.slice(depth)]
    checkShape(
      shape.length === updates.shape.length,
      'scatterNd',
      inputs,
      `the updates must have shape [${shape.join(', ')}]`,
    )
    shape.forEach((size, axis) => {
      checkSame('scatterNd', inputs, size, updates.shape[axis], `the sizes of the updates on axis ${axis}`)
    })
    return [{ dtype: x.dtype, shape: x.shape }]
  },
} satisfies Pick<ShapeRules, keyof GatherOps>
