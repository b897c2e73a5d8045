import { describe, expect, test } from 'vitest'
import { readFixtureJson } from '../../../fixtures/read-fixture.ts'
import { halfFloatTable, toHalfFloat } from '../half-float.ts'
import { dequantiseBlocks } from './dequantise.ts'
import { type GgufTypeName, ggufTypeNames, ggufTypeOf } from './gguf-type.ts'
import { blockPacker } from './pack-blocks.ts'

/** Random blocks and what the gguf package makes of them; see `fixtures/gguf-blocks/make.py`. */
const recorded = readFixtureJson<Record<string, { bytes: string; expected: string }>>('gguf-blocks', 'blocks.json')

function readBlocks(type: GgufTypeName): { bytes: Uint8Array; expected: Float32Array } {
  const decode = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'))
  const { bytes, expected } = recorded[type]!
  return { bytes: decode(bytes), expected: new Float32Array(decode(expected).buffer) }
}

const blockTypes = ggufTypeNames.filter((type) => type !== 'F32')
const packedTypes = ggufTypeNames.filter((type) => blockPacker(type))

test.each(blockTypes)('%s is dequantised bit for bit as in the gguf package', (type) => {
  const { bytes, expected } = readBlocks(type)
  const { blockElements, blockBytes } = ggufTypeOf(type)
  const count = bytes.length / blockBytes
  const out = new Float32Array(count * blockElements + 2)
  dequantiseBlocks(type, bytes, 0, count, out, 1)
  expect(new Uint32Array(out.slice(1, -1).buffer)).toEqual(new Uint32Array(expected.buffer))
  expect([out[0], out.at(-1)]).toEqual([0, 0])
})

test.each(blockTypes)('%s is read from any byte offset', (type) => {
  const { bytes, expected } = readBlocks(type)
  const { blockElements, blockBytes } = ggufTypeOf(type)
  const moved = new Uint8Array(bytes.length + 3)
  moved.set(bytes, 3)
  const out = new Float32Array(blockElements)
  dequantiseBlocks(type, moved, 3 + blockBytes, 1, out, 0)
  expect(out).toEqual(expected.slice(blockElements, 2 * blockElements))
})

/** What MatMulNBits makes of packed blocks, in float64. */
function unpack(type: GgufTypeName, bytes: Uint8Array, elements: number): Float64Array {
  const packer = blockPacker(type)!
  const { bits, blockSize, corrected } = packer
  const blocks = elements / blockSize
  const data = new Uint8Array((elements * bits) / 8)
  const scales = new Float32Array(blocks)
  const correction = corrected ? new Float32Array(blocks) : undefined
  packer.pack(bytes, 0, elements / ggufTypeOf(type).blockElements, { data, scales, correction }, 0)
  return Float64Array.from({ length: elements }, (_, i) => {
    const block = Math.floor(i / blockSize)
    const q = bits === 8 ? data[i]! : (data[i >> 1]! >> (4 * (i & 1))) & 15
    return (q - 2 ** (bits - 1)) * scales[block]! + (correction?.[block] ?? 0)
  })
}

describe.each(packedTypes)('%s packed for MatMulNBits', (type) => {
  test('means the same weights', () => {
    const { bytes, expected } = readBlocks(type)
    const unpacked = unpack(type, bytes, expected.length)
    // symmetric types are exact; a correction is rounded once to float32
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    const tolerance = blockPacker(type)!.corrected ? largest * 2 ** -23 : 0
    for (let i = 0; i < expected.length; i++)
      expect(Math.abs(Math.fround(unpacked[i]!) - expected[i]!)).toBeLessThanOrEqual(tolerance)
  })
})

test('every finite half converts to float32 and back', () => {
  const { allHalves } = recorded as unknown as { allHalves: { sum: number; finite: number } }
  const finite = halfFloatTable().filter((value) => Number.isFinite(value))
  expect(finite.length).toBe(allHalves.finite)
  expect(finite.filter((_, i) => i % 3 === 0).reduce((sum, value) => sum + value, 0)).toBeCloseTo(allHalves.sum, 6)
  const half = halfFloatTable()
  const changed: number[] = []
  for (let bits = 0; bits < 65536; bits++) {
    const back = toHalfFloat(half[bits]!)
    if (Number.isNaN(half[bits]!) ? !Number.isNaN(half[back]!) : back !== bits) changed.push(bits)
  }
  expect(changed).toEqual([])
})

test('float32 rounds to the nearest half, ties to even', () => {
  const half = halfFloatTable()
  for (const [value, expected] of [
    [1 + 2 ** -11, 1],
    [1 + 3 * 2 ** -11, 1 + 2 ** -9],
    [65519, 65504],
    [65520, Number.POSITIVE_INFINITY],
    [2 ** -25, 0],
    [1.5 * 2 ** -25, 2 ** -24],
    [-(2 ** -24), -(2 ** -24)],
  ] as const)
    expect(half[toHalfFloat(value)]).toBe(expected)
})
