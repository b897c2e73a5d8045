import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RowWindow } from './row-window.ts'

const width = 3

/** Rows whose numbers tell layer and position. */
function rowsOf(layer: number, start: number, count: number): Float32Array {
  return Float32Array.from({ length: count * width }, (_, at) => layer * 1000 + start + Math.floor(at / width))
}

describe('a window of rows', () => {
  test('holds the latest rows, whatever they came in, were forked from, or were taken back to', () => {
    const runs = fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constant('fork'), fc.constant('truncate')), {
      maxLength: 30,
    })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), runs, (most, steps) => {
        let window = new RowWindow(2, most)
        let expected: number[] = []
        let next = 0
        for (const step of steps) {
          if (step === 'fork') {
            const fork = new RowWindow(2, most, window)
            // what the origin does from now on is its own
            window.push([rowsOf(7, 500, 2), rowsOf(8, 500, 2)], 500, 2)
            window = fork
          } else if (step === 'truncate') {
            next = Math.max(0, next - 2)
            window.truncate(next)
            expected = expected.filter((position) => position < next)
          } else {
            const count = step as number
            window.push([rowsOf(0, next, count), rowsOf(1, next, count)], next, count)
            expected = [...expected, ...Array.from({ length: count }, (_, at) => next + at)].slice(-most)
            next += count
          }
          expect([...window.positions]).toEqual(expected)
          expect(window.count).toBe(expected.length)
          for (const layer of [0, 1]) {
            const rows = expected.flatMap((position) => new Array<number>(width).fill(layer * 1000 + position))
            expect([...window.last(layer, most)]).toEqual(rows)
            expect([...window.last(layer, 1)]).toEqual(rows.slice(-width))
          }
        }
      }),
    )
  })

  test('takes room for twice its rows only once they come one by one', () => {
    const window = new RowWindow(1, 4)
    const bytes = (): number => window.last(0, 1).buffer.byteLength
    const push = (start: number, count: number): void => window.push([rowsOf(0, start, count)], start, count)
    push(0, 9)
    push(9, 3)
    push(12, 1)
    expect(bytes()).toBe(4 * width * 4)
    push(13, 1)
    expect(bytes()).toBe(8 * width * 4)
    for (let position = 14; position < 40; position++) push(position, 1)
    expect([bytes(), [...window.positions]]).toEqual([8 * width * 4, [36, 37, 38, 39]])
  })

  test('of no rows holds none', () => {
    const window = new RowWindow(1, 0)
    window.push([rowsOf(0, 0, 4)], 0, 4)
    expect([window.count, window.last(0, 3).length]).toEqual([0, 0])
  })
})
