import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HeadLayout } from './head-layout.ts'
import { Int8Layer } from './int8-layer.ts'
import { movedRuns } from './slot-matrix.ts'

const shape = { kvHeads: 2, headDim: 8 }
const width = shape.kvHeads * shape.headDim
const layouts = {
  rectangular: HeadLayout.rectangle(2, 40),
  ragged: HeadLayout.ragged(Int32Array.of(20, 20), 7),
} as const
const rows = fc.array(fc.float({ noNaN: true, min: -1e4, max: 1e4 }), { minLength: 20 * width, maxLength: 20 * width })

/** Scales below the smallest normal float32 are rounded too. */
const smallest = 2 ** -126

/** The nearest codes of a row, written out: code = round(127 x / max |x|). */
function nearest(row: readonly number[]): number[] {
  const largest = Math.max(...row.map(Math.abs))
  return row.map((x) => (largest === 0 ? 0 : (Math.round((127 * x) / largest) * largest) / 127))
}

function filled(layout: HeadLayout, numbers: readonly number[]): Int8Layer {
  const layer = new Int8Layer(shape, layout)
  const key = Float32Array.from(numbers)
  const value = key.map((x) => -x)
  for (let head = 0; head < 2; head++) layer.write(head, 0, { key, value }, { first: 0, count: 20 })
  return layer
}

const rowOf = (numbers: readonly number[], head: number, token: number): number[] =>
  numbers.slice(token * width + head * shape.headDim, token * width + (head + 1) * shape.headDim)

describe.each(['rectangular', 'ragged'] as const)('8-bit layer, %s', (name) => {
  const layout = layouts[name]

  test('a number is off by at most half a step of its row, and is the nearest code', () => {
    fc.assert(
      fc.property(rows, (numbers) => {
        const layer = filled(layout, numbers)
        for (let head = 0; head < 2; head++)
          for (let token = 0; token < 20; token++) {
            const row = rowOf(numbers, head, token)
            const largest = Math.max(...row.map(Math.abs))
            const [key, value] = [layer.keyAt(head, token), layer.valueAt(head, token)]
            for (const [column, x] of row.entries()) {
              expect(Math.abs(key[column]! - x)).toBeLessThanOrEqual((largest / 254) * 1.00001 + smallest)
              expect(Math.abs(value[column]! + x)).toBeLessThanOrEqual((largest / 254) * 1.00001 + smallest)
            }
          }
      }),
      { numRuns: 30 },
    )
    const numbers = Array.from({ length: 20 * width }, (_, index) => Math.sin(index * 1.7) * (1 + (index % 5)))
    const layer = filled(layout, numbers)
    for (const [column, x] of nearest(rowOf(numbers, 1, 7)).entries())
      expect(layer.keyAt(1, 7)[column]).toBeCloseTo(x, 5)
  })

  test('kept slots and copies to another layout are the same codes, never rounded again', () => {
    const numbers = Array.from({ length: 20 * width }, (_, index) => Math.cos(index) * index)
    const layer = filled(layout, numbers)
    const before = Array.from({ length: 20 }, (_, slot) => [layer.keyAt(0, slot), layer.valueAt(0, slot)])
    const kept = [0, 2, 3, 4, 9, 19]
    layer.keep(0, movedRuns(kept))
    const copy = new Int8Layer(shape, HeadLayout.ragged(Int32Array.of(6, 20), 3))
    layer.copyTo(copy, Int32Array.of(6, 20))
    for (const [slot, from] of kept.entries())
      for (const each of [layer, copy]) {
        expect(each.keyAt(0, slot)).toEqual(before[from]![0])
        expect(each.valueAt(0, slot)).toEqual(before[from]![1])
      }
    expect(copy.keyRows(1, 20)).toEqual(layer.keyRows(1, 20))
    expect(copy.valueRows(1, 20)).toEqual(layer.valueRows(1, 20))
  })

  test('a row of zeros stays zeros, and what was read can be written back unchanged', () => {
    const layer = filled(
      layout,
      Array.from({ length: 20 * width }, (_, index) => (index < width ? 0 : index % 11) - 0),
    )
    expect([...layer.keyAt(0, 0)]).toEqual(new Array(8).fill(0))
    const row = layer.valueAt(1, 5)
    layer.setValue(1, 5, row)
    expect(layer.valueAt(1, 5)).toEqual(row)
  })

  test('it takes little more than a quarter of the bytes', () => {
    const wide = { kvHeads: 2, headDim: 64 }
    expect(new Int8Layer(wide, layout).bytes).toBe(layout.total * (2 * 64 + 2 * 4))
  })
})
