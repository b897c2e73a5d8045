import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type FixtureTensor, largestDifference, readFixtureTensors } from '../../fixtures/read-fixture.ts'
import { type FourBitCache, fourBitMix, fourBitScores, groupChannels } from '../graph/composite/four-bit-cache.ts'
import { Graph } from '../graph/graph.ts'
import { add, multiply } from '../graph/ops/elementwise.ts'
import { softmax } from '../graph/ops/reduction.ts'
import { nodeDevice } from '../node-platform/node-device.ts'
import { HeadLayout } from './head-layout.ts'
import { Int4Layer, tailTokens } from './int4-layer.ts'
import { movedRuns } from './slot-matrix.ts'

const expected = await readFixtureTensors('kivi', 'expected.safetensors')
const tensor = (name: string): FixtureTensor => expected.get(name)!
const [heads, tokens, width] = tensor('keys').shape as [number, number, number]
const rounded = tensor('key_codes').shape[1]!
const shape = { kvHeads: heads, headDim: width }

/** `[G, T, D]` as new rows `[T, G*D]`. */
function rowsOf(name: string): Float32Array {
  const { data } = tensor(name)
  return Float32Array.from({ length: data.length }, (_, index) => {
    const [token, head, column] = [
      Math.floor(index / (heads * width)),
      Math.floor(index / width) % heads,
      index % width,
    ]
    return data[(head * tokens + token) * width + column]!
  })
}

function recorded(layout: HeadLayout): Int4Layer {
  const layer = new Int4Layer(shape, layout)
  const rows = { key: rowsOf('keys'), value: rowsOf('values') }
  for (let head = 0; head < heads; head++) layer.write(head, 0, rows, { first: 0, count: tokens })
  return layer
}

const layouts = {
  rectangular: HeadLayout.rectangle(heads, tokens + 20),
  ragged: HeadLayout.ragged(new Int32Array(heads).fill(tokens), 9),
} as const

const event = fc.oneof(
  fc.record({ type: fc.constant('write' as const), count: fc.integer({ min: 1, max: 130 }) }),
  fc.record({ type: fc.constant('keep' as const), count: fc.integer({ min: 2, max: 60 }) }),
  fc.record({ type: fc.constant('take back' as const), count: fc.integer({ min: 1, max: 200 }) }),
  fc.record({ type: fc.constant('set' as const), count: fc.nat(2000) }),
)
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never

/** A head of a layer, and what its slots should hold: every row is one number over and over. */
interface State {
  readonly layer: Int4Layer
  readonly head: number
  rows: number[]
  number: number
}

const changes: Record<Event['type'], (state: State, count: number) => void> = {
  write(state, count) {
    const { layer, head, rows } = state
    const added = Array.from({ length: Math.min(count, 1000 - rows.length) }, () => state.number++ % 97)
    const data = Float32Array.from({ length: added.length * 16 }, (_, index) => added[Math.floor(index / 16)]!)
    if (added.length > 0) layer.write(head, rows.length, { key: data, value: data }, { first: 0, count: added.length })
    rows.push(...added)
  },
  keep(state, modulus) {
    const kept = [...state.rows.keys()].filter((slot) => slot % modulus !== 1 || slot === 0)
    if (kept.length < state.rows.length) state.layer.keep(state.head, movedRuns(kept))
    state.rows = kept.map((slot) => state.rows[slot]!)
  },
  'take back'({ rows }, count) {
    rows.length = Math.max(0, rows.length - count)
  },
  set({ layer, head, rows }, number) {
    if (rows.length === 0) return
    const slot = number % rows.length
    rows[slot] = (rows[slot]! + 31) % 97
    layer.setKey(head, slot, new Float32Array(8).fill(rows[slot]!))
    layer.setValue(head, slot, new Float32Array(8).fill(rows[slot]!))
  },
}

const carryOut = (state: State, { type, count }: Event): void => changes[type](state, count)

describe.each(['rectangular', 'ragged'] as const)('4-bit layer, %s', (name) => {
  test('codes, scales and zeros are those of KIVI; what is newest is not rounded', () => {
    const layer = recorded(layouts[name])
    const numbers = { key: tensor('keys').data, value: tensor('values').data }
    for (let head = 0; head < heads; head++) {
      const [keys, values] = [layer.keyRows(head, tokens), layer.valueRows(head, tokens)]
      for (let token = 0; token < tokens; token++)
        for (let column = 0; column < width; column++) {
          const at = (head * tokens + token) * width + column
          const [key, value] = [keys[token * width + column]!, values[token * width + column]!]
          if (token >= rounded) {
            expect([key, value]).toEqual([numbers.key[at], numbers.value[at]])
            continue
          }
          const code = (head * rounded + token) * width + column
          const keyGroup = (head * (rounded / 32) + Math.floor(token / 32)) * width + column
          const valueGroup = (head * rounded + token) * (width / 32) + Math.floor(column / 32)
          expect(key).toBe(read('key', code, keyGroup))
          expect(value).toBe(read('value', code, valueGroup))
        }
    }
  })

  test('removed slots leave the others as they are, until there are too many holes', () => {
    const layer = recorded(layouts[name])
    const before = layer.keyRows(0, tokens)
    const values = layer.valueRows(0, tokens)
    const few = [...new Array(tokens).keys()].filter((slot) => slot % 4 !== 1 || slot >= rounded)
    layer.keep(0, movedRuns(few))
    const rowsAt = (rows: Float32Array, slots: readonly number[]) =>
      Float32Array.from(slots.flatMap((slot) => [...rows.subarray(slot * width, (slot + 1) * width)]))
    expect(layer.keyRows(0, few.length)).toEqual(rowsAt(before, few))
    expect(layer.valueRows(0, few.length)).toEqual(rowsAt(values, few))
    const copy = new Int4Layer(shape, HeadLayout.ragged(Int32Array.of(few.length, tokens), 3))
    layer.copyTo(copy, Int32Array.of(few.length, tokens))
    expect(copy.keyRows(0, few.length)).toEqual(rowsAt(before, few))
    expect(copy.valueRows(1, tokens)).toEqual(layer.valueRows(1, tokens))
  })

  test('values are never rounded again, keys once where they are grouped anew', () => {
    const layout = name === 'ragged' ? HeadLayout.ragged(Int32Array.of(700, 700), 5) : HeadLayout.rectangle(heads, 700)
    const layer = new Int4Layer(shape, layout)
    const numbers = Float32Array.from(
      { length: 700 * heads * width },
      (_, index) => Math.sin(index * 1.3) * (1 + (index % 7)),
    )
    for (let head = 0; head < heads; head++)
      layer.write(head, 0, { key: numbers, value: numbers }, { first: 0, count: 700 })
    const [keys, values] = [layer.keyRows(1, 700), layer.valueRows(1, 700)]
    const kept = [...new Array(700).keys()].filter((slot) => slot % 3 === 0 || slot > 690)
    const full = layer.bytes
    layer.keep(1, movedRuns(kept))
    const smaller = new Int4Layer(shape, HeadLayout.ragged(Int32Array.of(700, kept.length), 3))
    layer.copyTo(smaller, Int32Array.of(700, kept.length))
    expect(smaller.bytes).toBeLessThan(full)
    for (const [slot, from] of kept.entries()) {
      expect(smaller.valueAt(1, slot)).toEqual(values.slice(from * width, (from + 1) * width))
      const difference = largestDifference(smaller.keyAt(1, slot), keys.subarray(from * width, (from + 1) * width))
      // half a step of the new group, whose range is at most 14
      expect(difference).toBeLessThan((14 / 15) * 0.52)
    }
  })

  test('any order of writing, removing, taking back and rewriting ends as the rows that are left', () => {
    const room = name === 'ragged' ? HeadLayout.ragged(Int32Array.of(1000, 1900), 0) : HeadLayout.rectangle(2, 1900)
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 14 }), fc.nat(1), (events, head) => {
        const layer = new Int4Layer({ kvHeads: 2, headDim: 8 }, room)
        const state: State = { layer, head, rows: [], number: 0 }
        for (const each of events) {
          carryOut(state, each)
          const { rows } = state
          const [keys, values] = [layer.keyRows(head, rows.length), layer.valueRows(head, rows.length)]
          for (const [slot, row] of rows.entries()) {
            // a row of equal values is a group without range: exact
            expect(values[slot * 8]!).toBe(row)
            // rounded on grids of a range of at most 97, at most once per event
            expect(Math.abs(keys[slot * 8]! - row)).toBeLessThan((97 / 15) * 0.51 * events.length)
          }
        }
      }),
      { numRuns: 60 },
    )
  })

  test('it takes about a sixth of the bytes of float32, and the tail', () => {
    const layout =
      name === 'ragged' ? HeadLayout.ragged(Int32Array.of(8000, 8000), 0) : HeadLayout.rectangle(heads, 8000)
    const layer = new Int4Layer(shape, layout)
    const rows = new Float32Array(8000 * heads * width)
    for (let head = 0; head < heads; head++) layer.write(head, 0, { key: rows, value: rows }, { first: 0, count: 8000 })
    const tail = tailTokens * 8 * width * heads
    expect((layer.bytes - tail) / (8000 * heads * 8 * width)).toBeLessThan(0.19)
    const used = layer.usedBytes(0, 8000) + layer.usedBytes(1, 8000)
    expect(layer.bytes).toBeLessThan(1.1 * used)
    expect(layer.bytes).toBeGreaterThanOrEqual(used)
    const arrays = Object.values(layer.tensors).reduce((sum, { data }) => sum + data.byteLength, 0)
    expect(arrays).toBe(layer.bytes)
  })
})

test('attention over the codes is that of KIVI in PyTorch', async () => {
  const layer = recorded(layouts.rectangular)
  const graph = new Graph('attention')
  const inputs = Object.fromEntries(
    Object.entries(layer.tensors).map(([name, { dtype, shape: sizes }]) => [name, graph.input(name, dtype, sizes)]),
  )
  const cache: FourBitCache = {
    key: inputs.pastKey!,
    keyGrid: inputs.pastKeyGrid!,
    value: inputs.pastValue!,
    valueGrid: inputs.pastValueGrid!,
    tailKey: inputs.pastTailKey!,
    tailValue: inputs.pastTailValue!,
    rows: inputs.pastRows!,
    slots: inputs.pastSlots!,
    tailSlots: inputs.pastTailSlots!,
  }
  const slots = layouts.rectangular.capacity
  const query = graph.input('query', 'float32', [heads, 1, width])
  const bias = graph.input('bias', 'float32', [slots])
  const weights = softmax(add(multiply(fourBitScores(query, cache), width ** -0.5), bias))
  graph.output('attended', fourBitMix(weights, cache))
  const device = await nodeDevice({ kind: 'cpu', threads: 1 })
  const program = await device.compile(graph)
  const { attended } = await program.run(
    {
      ...layer.tensors,
      query: { dtype: 'float32', shape: [heads, 1, width], data: tensor('query').data },
      bias: { dtype: 'float32', shape: [slots], data: new Float32Array(slots).fill(-1e30, tokens) },
    },
    ['attended'],
  )
  expect(largestDifference(attended!.data as Float32Array, tensor('attended').data)).toBeLessThan(1e-5)
  await program.close()
  await device.close()
})

test('groups of values divide every even head size', () => {
  expect([8, 16, 64, 80, 96, 128, 256].map(groupChannels)).toEqual([4, 8, 32, 20, 24, 32, 32])
})

function read(kind: 'key' | 'value', code: number, group: number): number {
  const [codes, scales, zeros] = ['codes', 'scales', 'zeros'].map((part) => tensor(`${kind}_${part}`).data)
  return Math.fround(codes![code]! * scales![group]! + zeros![group]!)
}
