import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KvCache } from './kv-cache.ts'
import type { NewRows } from './kv-layer.ts'
import { LayerPool } from './layer-pool.ts'
import { restoreCache, saveCache } from './serialise-cache.ts'

const shape = { layers: 2, kvHeads: 2, headDim: 4 }
const width = shape.kvHeads * shape.headDim

/** A slot as plain data: its position, and the number that its key, its value and its channel are made of. */
interface Slot {
  position: number
  mark: number
}

/** The slow, obvious cache: a list of slots per layer and head. */
class PlainCache {
  heads: Slot[][]
  next = 0

  constructor(heads?: Slot[][]) {
    this.heads = heads ?? Array.from({ length: shape.layers * shape.kvHeads }, () => [])
  }

  append(marks: readonly number[]): void {
    for (const mark of marks) {
      for (const head of this.heads) head.push({ position: this.next, mark })
      this.next++
    }
  }

  fork(): PlainCache {
    const copy = new PlainCache(this.heads.map((head) => [...head]))
    copy.next = this.next
    return copy
  }
}

/** Rows that say which token, layer, head and column they are. */
function rowsOf(marks: readonly number[]): NewRows[] {
  return Array.from({ length: shape.layers }, (_, layer) => {
    const [key, value] = [new Float32Array(marks.length * width), new Float32Array(marks.length * width)]
    for (const [token, mark] of marks.entries())
      for (let column = 0; column < width; column++) {
        key[token * width + column] = mark * 100 + layer * 10 + column
        value[token * width + column] = -(mark * 100 + layer * 10 + column)
      }
    return { key, value }
  })
}

function check(cache: KvCache, plain: PlainCache): void {
  expect(cache.nextPosition).toBe(plain.next)
  for (let layer = 0; layer < shape.layers; layer++)
    for (let head = 0; head < shape.kvHeads; head++) {
      const slots = plain.heads[layer * shape.kvHeads + head]!
      expect(cache.lengthOf(layer, head)).toBe(slots.length)
      expect([...cache.positionsOf(layer, head).subarray(0, slots.length)]).toEqual(slots.map((slot) => slot.position))
      for (const [index, { mark }] of slots.entries()) {
        const base = mark * 100 + layer * 10 + head * shape.headDim
        const expected = Array.from({ length: shape.headDim }, (_, column) => base + column)
        expect([...cache.layer(layer).keyAt(head, index)]).toEqual(expected)
        expect([...cache.layer(layer).valueAt(head, index)]).toEqual(expected.map((value) => -value))
      }
    }
}

type Move =
  | { readonly kind: 'append'; readonly count: number }
  | { readonly kind: 'keep'; readonly layer: number; readonly head: number; readonly share: number }
  | { readonly kind: 'keep-all'; readonly share: number }
  | { readonly kind: 'fork' }
  | { readonly kind: 'shrink' }
  | { readonly kind: 'undo'; readonly count: number }
  | { readonly kind: 'save' }

const moves = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 1, max: 150 }) }),
    fc.record({
      kind: fc.constant('keep' as const),
      layer: fc.integer({ min: 0, max: 1 }),
      head: fc.integer({ min: 0, max: 1 }),
      share: fc.integer({ min: 2, max: 5 }),
    }),
    fc.record({ kind: fc.constant('keep-all' as const), share: fc.integer({ min: 2, max: 5 }) }),
    fc.record({ kind: fc.constant('fork' as const) }),
    fc.record({ kind: fc.constant('shrink' as const) }),
    fc.record({ kind: fc.constant('undo' as const), count: fc.integer({ min: 1, max: 20 }) }),
    fc.record({ kind: fc.constant('save' as const) }),
  ),
  { maxLength: 14 },
)

describe('KvCache', () => {
  test('after any moves it holds what a list of slots holds, and forks do not touch each other', () => {
    fc.assert(
      fc.property(moves, (chosen: Move[]) => {
        const pool = new LayerPool(1 << 20)
        const pairs = [{ cache: new KvCache(shape, { pool }), plain: new PlainCache() }]
        let mark = 1
        for (const move of chosen) {
          const pair = pairs.at(-1)!
          mark = step(move, pair, mark)
          if (move.kind === 'fork') pairs.push({ cache: pair.cache.fork(), plain: pair.plain.fork() })
        }
        for (const { cache, plain } of pairs) check(cache, plain)
        for (const { cache } of pairs) cache.close()
      }),
      { numRuns: 100 },
    )
  })

  test('channels follow their slots', () => {
    const cache = new KvCache(shape)
    cache.append(rowsOf([1, 2, 3, 4, 5]), 5)
    cache.channel('mass', 0, 1).set([1, 2, 3, 4, 5])
    cache.keep(0, 1, [0, 3, 4])
    cache.append(rowsOf([6]), 1)
    expect([...cache.channel('mass', 0, 1).subarray(0, 4)]).toEqual([1, 4, 5, 0])
    expect(cache.uniform).toBe(false)
  })

  test('marks do not survive a change of earlier slots', () => {
    const cache = new KvCache(shape)
    cache.append(rowsOf([1, 2, 3]), 3)
    const before = cache.mark()
    cache.keepAll([0, 2])
    expect(() => cache.truncate(before)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  test.each([[[]], [[1, 1]], [[2, 1]], [[3]], [[-1]], [[0.5]]])('slots %j of three are refused', (slots) => {
    const cache = new KvCache(shape)
    cache.append(rowsOf([1, 2, 3]), 3)
    expect(() => cache.keep(0, 0, slots)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })
})

function step(move: Move, { cache, plain }: { cache: KvCache; plain: PlainCache }, mark: number): number {
  switch (move.kind) {
    case 'append': {
      const marks = Array.from({ length: move.count }, (_, index) => mark + index)
      cache.append(rowsOf(marks), marks.length)
      plain.append(marks)
      return mark + move.count
    }
    case 'keep': {
      const index = move.layer * shape.kvHeads + move.head
      const slots = [...plain.heads[index]!.keys()].filter((slot) => slot % move.share !== 1)
      if (slots.length === 0) return mark
      cache.keep(move.layer, move.head, slots)
      plain.heads[index] = slots.map((slot) => plain.heads[index]![slot]!)
      return mark
    }
    case 'keep-all': {
      const lengths = new Set(plain.heads.map((head) => head.length))
      const slots = [...plain.heads[0]!.keys()].filter((slot) => slot % move.share !== 0)
      if (lengths.size > 1 || slots.length === 0) return mark
      cache.keepAll(slots)
      plain.heads = plain.heads.map((head) => slots.map((slot) => head[slot]!))
      return mark
    }
    case 'undo': {
      const before = cache.mark()
      cache.append(rowsOf(Array.from({ length: move.count }, () => 7)), move.count)
      cache.truncate(before)
      return mark
    }
    case 'save': {
      const facts = { modelHash: 'h', accuracy: 'exact', plannedLength: 8, ids: [] } as const
      check(restoreCache(saveCache(cache, facts), 'h', () => new KvCache(shape)).cache, plain)
      return mark
    }
    case 'shrink':
      cache.shrink()
      return mark
    case 'fork':
      return mark
  }
}
