/** @file What forks share, and what they copy. */
import { describe, expect, test } from 'vitest'
import { cacheFormats } from './cache-format.ts'
import { KvCache } from './kv-cache.ts'
import type { NewRows } from './kv-layer.ts'
import { LayerPool } from './layer-pool.ts'

const shape = { layers: 2, kvHeads: 2, headDim: 8 }

function rows(count: number, seed: number): NewRows[] {
  const make = (phase: number) =>
    Float32Array.from({ length: count * shape.kvHeads * shape.headDim }, (_, index) =>
      Math.sin(index * 0.7 + seed * phase),
    )
  return Array.from({ length: shape.layers }, (_, layer) => ({ key: make(layer + 1), value: make(layer + 3) }))
}

const contents = (cache: KvCache): Float32Array[] =>
  Array.from({ length: shape.layers * shape.kvHeads }, (_, index) => {
    const [layer, head] = [Math.floor(index / shape.kvHeads), index % shape.kvHeads]
    const length = cache.lengthOf(layer, head)
    return Float32Array.of(...cache.layer(layer).keyRows(head, length), ...cache.layer(layer).valueRows(head, length))
  })

const shares = (left: KvCache, right: KvCache): boolean =>
  left.layer(0) === right.layer(0) && left.layer(1) === right.layer(1)

function filled(format: (typeof cacheFormats)[number]): KvCache {
  const cache = new KvCache(shape, { format, capacity: 600, pool: new LayerPool(0) })
  cache.append(rows(330, 1), 330)
  return cache
}

describe.each(cacheFormats)('%s', (format) => {
  test('a fork costs nothing, and nor does the first to append; the next one copies', () => {
    const [first, alone] = [filled(format), filled(format)]
    const second = first.fork()
    const third = second.fork()
    expect([shares(first, second), shares(second, third)]).toEqual([true, true])
    const before = contents(first)
    second.append(rows(5, 2), 5)
    expect([shares(first, second), shares(first, third)]).toEqual([true, true])
    expect(contents(first)).toEqual(before)
    first.append(rows(7, 3), 7)
    expect([shares(first, second), shares(second, third)]).toEqual([false, true])
    expect(contents(third)).toEqual(before)
    alone.append(rows(7, 3), 7)
    expect(contents(first)).toEqual(contents(alone))
    // and each goes on alone
    third.append(rows(7, 3), 7)
    expect(contents(third)).toEqual(contents(alone))
    for (const each of [first, second, third, alone]) each.close()
  })

  test('slots that one takes back are not those of another', () => {
    const first = filled(format)
    const second = first.fork()
    const mark = second.mark()
    second.append(rows(9, 2), 9)
    second.truncate(mark)
    const before = contents(first)
    second.append(rows(4, 5), 4)
    first.append(rows(6, 6), 6)
    const [own, other] = [contents(first), contents(second)]
    for (const [index, array] of own.entries()) {
      const keys = 330 * shape.headDim
      expect(array.subarray(0, keys)).toEqual(before[index]!.subarray(0, keys))
      expect(other[index]!.subarray(0, keys)).toEqual(before[index]!.subarray(0, keys))
    }
    first.close()
    // the only owner may write anywhere
    second.truncateTo(300)
    second.append(rows(3, 7), 3)
    expect(second.length).toBe(303)
  })

  test('an edit copies the layer that it changes, no other', () => {
    const first = filled(format)
    const second = first.fork()
    const before = contents(first)
    second.edit(1).setValue(0, 2, new Float32Array(8).fill(3))
    second.keep(1, 1, [0, 5, 9])
    expect([first.layer(0) === second.layer(0), first.layer(1) === second.layer(1)]).toEqual([true, false])
    expect(contents(first)).toEqual(before)
  })

  test('many appends of two forks end as those of two caches', () => {
    const [first, expected, otherExpected] = [filled(format), filled(format), filled(format)]
    const second = first.fork()
    for (let round = 0; round < 40; round++) {
      first.append(rows(5, round), 5)
      expected.append(rows(5, round), 5)
      second.append(rows(3, -round), 3)
      otherExpected.append(rows(3, -round), 3)
    }
    expect(contents(first)).toEqual(contents(expected))
    expect(contents(second)).toEqual(contents(otherExpected))
  })
})
