import { gather, gatherElements, gatherNd, scatterElements, scatterNd } from '../../graph/ops/gather.ts'
import { given, numbers, type OpCase, opCase } from '../op-case.ts'

/** Cases of gathers and scatters. */
export function gatherCases(): readonly OpCase[] {
  const ids = (shape: readonly (number | string)[], to: number) => numbers(shape, { dtype: 'int64', from: 0, to })
  const distinct = given(BigInt64Array.of(4n, 0n, 2n, 1n, 3n, 0n), [2, 3], 'int64')
  const x = numbers([5, 4])
  return [
    opCase('gather', { table: numbers([9, 4], { weight: true }), ids: ids(['B=2', 'T=3'], 9) }, (values) =>
      gather(values.table, values.ids),
    ),
    opCase(
      'gather',
      { table: numbers([3, 9, 2]), ids: numbers([4], { dtype: 'int32', from: 0, to: 9 }) },
      (values) => gather(values.table, values.ids, { axis: 1 }),
      { note: 'of the middle' },
    ),
    opCase('gather', { table: numbers([9, 4], { dtype: 'uint8', from: 0, to: 256 }), ids: ids([3], 9) }, (values) =>
      gather(values.table, values.ids),
    ),
    opCase(
      'gather',
      { table: numbers([9, 4], { dtype: 'float16' }), ids: ids([3], 9) },
      (values) => gather(values.table, values.ids),
      { unsupported: { webgpu: 'needs shader-f16' } },
    ),
    opCase('gatherElements', { x, ids: ids([5, 2], 4) }, (values) => gatherElements(values.x, values.ids)),
    opCase(
      'gatherElements',
      { x, ids: ids([3, 4], 5) },
      (values) => gatherElements(values.x, values.ids, { axis: 0 }),
      { note: 'of the first axis' },
    ),
    opCase('gatherNd', { x, ids: ids([3, 2], 4) }, (values) => gatherNd(values.x, values.ids)),
    opCase(
      'gatherNd',
      { x: numbers([2, 5, 3]), ids: ids([2, 4, 1], 5) },
      (values) => gatherNd(values.x, values.ids, { batchDims: 1 }),
      { note: 'with a batch' },
    ),
    opCase('scatterElements', { x, ids: distinct, updates: numbers([2, 3]) }, (values) =>
      scatterElements(values.x, values.ids, values.updates, { axis: 0 }),
    ),
    opCase(
      'scatterElements',
      { x, ids: ids([2, 3], 5), updates: numbers([2, 3]) },
      (values) => scatterElements(values.x, values.ids, values.updates, { axis: 0, reduction: 'add' }),
      { note: 'adding' },
    ),
    opCase(
      'scatterNd',
      { x, ids: given(BigInt64Array.of(4n, 1n), [2, 1], 'int64'), updates: numbers([2, 4]) },
      (values) => scatterNd(values.x, values.ids, values.updates),
    ),
    opCase(
      'scatterNd',
      { x, ids: ids([6, 2], 4), updates: numbers([6]) },
      (values) => scatterNd(values.x, values.ids, values.updates, { reduction: 'add' }),
      { note: 'adding' },
    ),
  ]
}
