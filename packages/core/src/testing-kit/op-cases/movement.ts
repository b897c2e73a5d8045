import type { SliceRange } from '../../graph/op-attributes/movement.ts'
import {
  concat,
  dynamicSlice,
  expand,
  pad,
  reshape,
  shapeOf,
  slice,
  split,
  squeeze,
  tile,
  transpose,
  triangle,
  unsqueeze,
} from '../../graph/ops/movement.ts'
import { given, numbers, type OpCase, opCase } from '../op-case.ts'

const ranges: readonly (readonly SliceRange[])[] = [
  [{ axis: 1, start: 1 }],
  [{ axis: 1, start: 0, end: -1 }],
  [
    { axis: -1, start: -4, end: -1 },
    { axis: 0, start: 1 },
  ],
  [{ axis: 2, start: 1, end: 6, step: 2 }],
]

/** Cases of movements. */
export function movementCases(): readonly OpCase[] {
  const x = numbers(['B=2', 'T=3', 8])
  const noKernel = { unsupported: { webgpu: 'no kernel on this provider' } }
  return [
    opCase('reshape', { x }, (values) => reshape(values.x, ['B', 'T', 2, 4])),
    opCase('reshape', { x }, (values) => reshape(values.x, ['B*T', 8]), { note: 'joining two sizes' }),
    opCase('reshape', { x }, (values) => reshape(values.x, [-1]), { note: 'flat' }),
    opCase('reshape', { x }, (values) => reshape(values.x, [1, 'B', 'T', 8]), {
      note: 'with sizes read at run time',
      unsupported: { webgpu: 'sizes are computed on the CPU' },
    }),
    opCase('reshape', { x: numbers([2, 3], { dtype: 'int64' }) }, (values) => reshape(values.x, [6]), noKernel),
    opCase('transpose', { x }, (values) => transpose(values.x)),
    opCase('transpose', { x: numbers([2, 3, 4, 5]) }, (values) => transpose(values.x, [0, 2, 1, 3]), {
      note: 'of the middle',
    }),
    opCase('squeeze', { x: numbers([1, 3, 1, 2]) }, (values) => squeeze(values.x, [0, -2])),
    opCase('unsqueeze', { x }, (values) => unsqueeze(values.x, [1, -1])),
    opCase('expand', { x: numbers([1, 'T=3', 1]) }, (values) => expand(values.x, [2, 'T', 4])),
    opCase('expand', { x: numbers([4]), like: x }, (values) => [expand(values.x, ['B', 'T', 4]), values.like], {
      note: 'to sizes of an input',
      unsupported: { webgpu: 'sizes are computed on the CPU' },
    }),
    opCase('tile', { x }, (values) => tile(values.x, [2, 1, 3])),
    opCase('concat', { x, y: numbers(['B=2', 'P=2', 8]) }, ({ x: left, y }) => concat([left, y], { axis: 1 })),
    opCase(
      'concat',
      { x: numbers([2, 2], { dtype: 'uint8', from: 0 }), y: numbers([2, 3], { dtype: 'uint8', from: 0 }) },
      ({ x: left, y }) => concat([left, y]),
      noKernel,
    ),
    opCase('split', { x }, (values) => split(values.x, [1, 5, 2])),
    opCase('split', { x: numbers([6, 2]) }, (values) => split(values.x, [2, 4], { axis: 0 }), {
      note: 'of the first axis',
    }),
    ...ranges.map((range, at) => opCase('slice', { x }, (values) => slice(values.x, ...range), { note: String(at) })),
    opCase(
      'dynamicSlice',
      { x, starts: given(BigInt64Array.of(1n, 2n), [2], 'int64'), ends: given(BigInt64Array.of(3n, 7n), [2], 'int64') },
      (values) => dynamicSlice(values.x, { starts: values.starts, ends: values.ends, axes: [1, 2], sizes: ['N', 'M'] }),
    ),
    opCase('pad', { x }, (values) => pad(values.x, { before: [0, 1, 0], after: [0, 2, 3] })),
    opCase('pad', { x }, (values) => pad(values.x, { before: [0, 0, 2], after: [0, 0, 0], value: -1.5 }), {
      note: 'with a value',
    }),
    opCase('triangle', { x: numbers([2, 4, 5]) }, (values) => triangle(values.x)),
    opCase('triangle', { x: numbers([4, 5]) }, (values) => triangle(values.x, { upper: true, diagonal: 1 }), {
      note: 'above the diagonal',
    }),
    opCase('shapeOf', { x }, (values) => [shapeOf(values.x), shapeOf(values.x, { start: 1, end: 2 })], {
      unsupported: { webgpu: 'sizes are computed on the CPU' },
    }),
  ]
}
