import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CacheFormat, cacheFormats } from './cache-format.ts'
import { checksum } from './checksum.ts'
import { KvCache } from './kv-cache.ts'
import { type ArrayToSave, savedArray, sealArrays, unsealArrays } from './sealed-arrays.ts'
import { restoreCache, saveCache } from './serialise-cache.ts'

const shape = { layers: 2, kvHeads: 2, headDim: 4 }
const facts = { modelHash: 'h', accuracy: 'exact', plannedLength: 8, ids: [1, 2, 3, 4, 5] } as const
const restore = (bytes: Uint8Array, hash = 'h') => restoreCache(bytes, hash, (format) => new KvCache(shape, { format }))
const fileFormat = expect.objectContaining({ code: 'file-format' })

function filled(): KvCache {
  const cache = new KvCache(shape)
  const rows = (sign: number) => Float32Array.from({ length: 5 * 8 }, (_, index) => sign * Math.sin(index + 1))
  cache.append(
    [
      { key: rows(1), value: rows(-1) },
      { key: rows(2), value: rows(-2) },
    ],
    5,
  )
  cache.channel('mass', 1, 0).set([1, 2, 3, 4, 5])
  cache.keep(0, 1, [0, 2, 4])
  return cache
}

/** Enough slots for blocks of 4-bit codes, with holes. */
function long(format: CacheFormat, headDim = 4): KvCache {
  const cache = new KvCache({ ...shape, headDim }, { format })
  const rows = (sign: number) =>
    Float32Array.from({ length: 400 * 2 * headDim }, (_, index) => sign * Math.sin(index * 1.7 + 1))
  cache.append(
    [
      { key: rows(1), value: rows(-1) },
      { key: rows(2), value: rows(-2) },
    ],
    400,
  )
  const slots = (modulus: number) => [...new Array(400).keys()].filter((slot) => slot % modulus !== 3)
  cache.keep(0, 1, slots(17))
  cache.keep(1, 0, slots(5))
  cache.keep(1, 1, slots(40))
  cache.shrink()
  return cache
}

const bytes = saveCache(filled(), facts, [savedArray('more', Float64Array.of(1.5, -2))])

describe('a saved cache', () => {
  test('comes back as it was, with its facts and what was added', () => {
    const [cache, restored] = [filled(), restore(bytes)]
    expect(restored.facts).toEqual(facts)
    expect(restored.arrays.get('more')).toEqual(Float64Array.of(1.5, -2))
    for (const [layer, head] of [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ] as const) {
      const length = cache.lengthOf(layer, head)
      expect(restored.cache.lengthOf(layer, head)).toBe(length)
      expect(restored.cache.layer(layer).keyRows(head, length)).toEqual(cache.layer(layer).keyRows(head, length))
      expect(restored.cache.layer(layer).valueRows(head, length)).toEqual(cache.layer(layer).valueRows(head, length))
      const mass = (each: KvCache) => each.channel('mass', layer, head).slice(0, length)
      expect(mass(restored.cache)).toEqual(mass(cache))
    }
    expect(restored.cache.nextPosition).toBe(5)
  })

  test('may begin anywhere in a buffer', () => {
    const shifted = new Uint8Array(bytes.length + 3)
    shifted.set(bytes, 3)
    expect(restore(shifted.subarray(3)).cache.lengthOf(0, 1)).toBe(3)
  })

  test.each(cacheFormats)('%s: comes back bit for bit, whatever was removed before', (format) => {
    const cache = long(format)
    const restored = restore(saveCache(cache, facts)).cache
    expect(restored.format).toBe(format)
    const wider = { key: new Float32Array(8).fill(0.5), value: new Float32Array(8).fill(-0.5) }
    // rows that are rounded later are rounded alike too
    for (let round = 0; round < 2; round++) {
      for (let layer = 0; layer < shape.layers; layer++)
        for (let head = 0; head < shape.kvHeads; head++) {
          const length = cache.lengthOf(layer, head)
          expect(restored.lengthOf(layer, head)).toBe(length)
          expect(restored.layer(layer).keyRows(head, length)).toEqual(cache.layer(layer).keyRows(head, length))
          expect(restored.layer(layer).valueRows(head, length)).toEqual(cache.layer(layer).valueRows(head, length))
        }
      for (const each of [cache, restored]) for (let token = 0; token < 70; token++) each.append([wider, wider], 1)
    }
  })

  test('a file takes what the cache takes, not more', () => {
    const size = Object.fromEntries(cacheFormats.map((format) => [format, saveCache(long(format, 16), facts).length]))
    expect(size.int8! / size.float32!).toBeLessThan(0.35)
    expect(size.int4! / size.float32!).toBeLessThan(0.6)
  })

  test('of another model, another shape or another version is refused', () => {
    expect(() => restore(bytes, 'other')).toThrow(/another model/)
    const smaller = () => restoreCache(bytes, 'h', () => new KvCache({ ...shape, layers: 1 }))
    expect(smaller).toThrow(/another model/)
    const older = bytes.slice()
    older[7] = '2'.charCodeAt(0)
    expect(() => restore(older)).toThrow(/its version is 0002; this one reads 0003/)
    expect(() => restore(new Uint8Array(0))).toThrow(fileFormat)
  })

  test('with any byte changed is refused', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const mutant = bytes.slice()
        mutant[at] = mutant[at]! ^ change
        expect(() => restore(mutant)).toThrow(fileFormat)
      }),
      { numRuns: 1000 },
    )
  })

  test('that was shortened or lengthened is refused', () => {
    for (let length = 0; length < bytes.length; length += 7)
      expect(() => restore(bytes.slice(0, length))).toThrow(fileFormat)
    const longer = new Uint8Array(bytes.length + 8)
    longer.set(bytes)
    expect(() => restore(longer)).toThrow(fileFormat)
  })

  // a checksum can be made again: what the header says is never believed either
  test('with an edited header and a right checksum is refused with a typed error, or is a whole cache', () => {
    const { facts: header, arrays } = unsealArrays(bytes)
    const kept: ArrayToSave[] = [...arrays].map(([name, array]) => savedArray(name, array))
    const anything = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom(-1, 0, 1e9, 2 ** 40, 0.5, [0, 0, 0, 0], [[0], [1]], [[0, 1, 2, 3, 9]], 'int8', null),
    )
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(header as object)), anything, fc.nat(3), (field, value, drop) => {
        const mutant = sealArrays({ ...(header as object), [field]: value }, kept.slice(0, kept.length - drop))
        try {
          const { cache } = restore(mutant)
          for (let layer = 0; layer < shape.layers; layer++)
            for (let head = 0; head < shape.kvHeads; head++)
              expect(cache.layer(layer).keyRows(head, cache.lengthOf(layer, head)).every(Number.isFinite)).toBe(true)
          cache.append(
            Array.from({ length: 2 }, () => ({ key: new Float32Array(8), value: new Float32Array(8) })),
            1,
          )
          cache.close()
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^(file-format|invalid-argument)$/) })
        }
      }),
      { numRuns: 1000 },
    )
  })
})

test('4-bit arrays that were edited under a right checksum are refused with a typed error, or are a whole cache', () => {
  const { facts: header, arrays } = unsealArrays(saveCache(long('int4'), facts))
  const names = [...arrays.keys()]
  fc.assert(
    fc.property(
      fc.constantFrom(...names),
      fc.nat(),
      fc.integer({ min: 0, max: 255 }),
      fc.boolean(),
      (name, at, value, drop) => {
        const kept = names
          .filter((each) => !drop || each !== name)
          .map((each) => {
            const array = arrays.get(each)!.slice()
            if (each === name && array.length > 0) array[at % array.length] = value
            return savedArray(each, array)
          })
        try {
          const { cache } = restore(sealArrays(header, kept))
          const row = { key: new Float32Array(8), value: new Float32Array(8) }
          for (let token = 0; token < 50; token++) cache.append([row, row], 1)
          expect(cache.layer(0).keyRows(1, cache.lengthOf(0, 1)).length).toBe(cache.lengthOf(0, 1) * 4)
          cache.close()
        } catch (error) {
          expect(error).toMatchObject({ code: 'file-format' })
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('the checksum is MurmurHash3', () => {
  const text = (value: string) => new TextEncoder().encode(value)
  expect(checksum(new Uint8Array(0))).toBe(0)
  expect(checksum(new Uint8Array(0), 1)).toBe(0x514e28b7)
  expect(checksum(Uint8Array.of(0x21, 0x43, 0x65, 0x87))).toBe(0xf55b516b)
  expect(checksum(Uint8Array.of(0x21, 0x43, 0x65))).toBe(0x7e4a8634)
  expect(checksum(Uint8Array.of(0x21))).toBe(0x72661cf4)
  expect(checksum(text('The quick brown fox jumps over the lazy dog'), 0x9747b28c)).toBe(0x2fa826cd)
  // wherever the bytes begin
  expect(checksum(text('xtest').subarray(1))).toBe(0xba6bd213)
})
