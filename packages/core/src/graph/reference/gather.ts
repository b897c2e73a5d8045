import type { GatherOps, ScatterReduction } from '../op-attributes/gather.ts'
import {
  around,
  build,
  countOf,
  forEachIndex,
  fromStart,
  offsetOf,
  operand,
  type ReferenceKernels,
  stridesOf,
} from './kernel.ts'

/** Places counted from the end are negative. */
const wrap = (at: number, size: number): number => (at < 0 ? at + size : at)

const join: { readonly [K in ScatterReduction]: (old: number, update: number) => number } = {
  none: (_, update) => update,
  add: (old, update) => old + update,
  mul: (old, update) => old * update,
  max: Math.max,
  min: Math.min,
}

/** Exact gathers and scatters. */
export const gatherReference = {
  gather: (inputs, attributes) => {
    const [table, ids] = [operand(inputs, 0), operand(inputs, 1)]
    const { size, axis } = around(table.shape, attributes.axis)
    const shape = [...table.shape.slice(0, axis), ...ids.shape, ...table.shape.slice(axis + 1)]
    const [tableStrides, idStrides] = [stridesOf(table.shape), stridesOf(ids.shape)]
    const rank = ids.shape.length
    const at = (index: readonly number[]): number => {
      const id = wrap(ids.data[offsetOf(index.slice(axis, axis + rank), idStrides)]!, size)
      return table.data[offsetOf([...index.slice(0, axis), id, ...index.slice(axis + rank)], tableStrides)]!
    }
    return [build(table.dtype, shape, at)]
  },
  gatherElements: (inputs, attributes) => {
    const [x, ids] = [operand(inputs, 0), operand(inputs, 1)]
    const axis = fromStart(attributes.axis, x.shape.length)
    const [strides, idStrides] = [stridesOf(x.shape), stridesOf(ids.shape)]
    const at = (index: readonly number[]): number => {
      const id = wrap(ids.data[offsetOf(index, idStrides)]!, x.shape[axis]!)
      return x.data[
        offsetOf(
          index.map((own, other) => (other === axis ? id : own)),
          strides,
        )
      ]!
    }
    return [build(x.dtype, ids.shape, at)]
  },
  gatherNd: (inputs, { batchDims }) => {
    const [x, ids] = [operand(inputs, 0), operand(inputs, 1)]
    const depth = ids.shape.at(-1)!
    const lead = ids.shape.length - 1
    const shape = [...ids.shape.slice(0, -1), ...x.shape.slice(batchDims + depth)]
    const [strides, idStrides] = [stridesOf(x.shape), stridesOf(ids.shape)]
    const at = (index: readonly number[]): number => {
      const from = offsetOf([...index.slice(0, lead), 0], idStrides)
      const place = Array.from({ length: depth }, (_, k) => wrap(ids.data[from + k]!, x.shape[batchDims + k]!))
      return x.data[offsetOf([...index.slice(0, batchDims), ...place, ...index.slice(lead)], strides)]!
    }
    return [build(x.dtype, shape, at)]
  },
  scatterElements: (inputs, attributes) => {
    const [x, ids, updates] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)]
    const axis = fromStart(attributes.axis, x.shape.length)
    const strides = stridesOf(x.shape)
    const data = x.data.slice()
    forEachIndex(ids.shape, (index, offset) => {
      const id = wrap(ids.data[offset]!, x.shape[axis]!)
      const place = offsetOf(
        index.map((own, other) => (other === axis ? id : own)),
        strides,
      )
      data[place] = join[attributes.reduction](data[place]!, updates.data[offset]!)
    })
    return [{ ...x, data }]
  },
  scatterNd: (inputs, { reduction }) => {
    const [x, ids, updates] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)]
    const depth = ids.shape.at(-1)!
    const strides = stridesOf(x.shape)
    const inner = countOf(x.shape.slice(depth))
    const data = x.data.slice()
    for (let row = 0; row < ids.data.length / depth; row += 1) {
      const place = Array.from({ length: depth }, (_, k) => wrap(ids.data[row * depth + k]!, x.shape[k]!))
      const from = offsetOf(place, strides)
      for (let k = 0; k < inner; k += 1)
        data[from + k] = join[reduction](data[from + k]!, updates.data[row * inner + k]!)
    }
    return [{ ...x, data }]
  },
} satisfies Pick<ReferenceKernels, keyof GatherOps>
