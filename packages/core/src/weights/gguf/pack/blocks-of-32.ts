/**
 * @file Lossless packing of the 32-element types. MatMulNBits reads `(q - zero) * scale` with the default zero point
 * `2^(bits-1)` and elements in sequence, lowest bits first, so nibbles are put in order; affine types `d*q + m` become
 * `d*(q - c) + (m + c*d)` with the bracket as the correction.
 */
import { halfFloatTable } from '../../half-float.ts'
import { iq4Levels } from '../dequantise/blocks-of-32.ts'
import type { BlockPacker } from './block-packer.ts'

/** Puts 16 bytes of split nibbles (j and j + 16) into sequence. */
export function orderNibbles(bytes: Uint8Array, from: number, data: Uint8Array, to: number): void {
  for (let i = 0; i < 8; i++) {
    const first = bytes[from + 2 * i]!
    const second = bytes[from + 2 * i + 1]!
    data[to + i] = (first & 15) | ((second & 15) << 4)
    data[to + 8 + i] = (first >> 4) | (second & 0xf0)
  }
}

export const packQ4_0: BlockPacker = {
  bits: 4,
  blockSize: 32,
  corrected: false,
  pack(bytes, at, count, { data, scales }, to) {
    const half = halfFloatTable()
    for (let b = 0; b < count; b++, at += 18, to++) {
      scales[to] = half[bytes[at]! | (bytes[at + 1]! << 8)]!
      orderNibbles(bytes, at + 2, data, to * 16)
    }
  },
}

export const packQ4_1: BlockPacker = {
  bits: 4,
  blockSize: 32,
  corrected: true,
  pack(bytes, at, count, { data, scales, correction }, to) {
    const half = halfFloatTable()
    for (let b = 0; b < count; b++, at += 20, to++) {
      const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!
      scales[to] = d
      correction![to] = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]! + 8 * d
      orderNibbles(bytes, at + 4, data, to * 16)
    }
  },
}

/** Q5_0 stores q - 16 as `q + 112` around the zero point 128, Q5_1 the same with the 16 moved into the correction. */
function packFiveBits(bytes: Uint8Array, at: number, data: Uint8Array, to: number): void {
  const low = bytes[at]! | (bytes[at + 1]! << 8)
  const high = bytes[at + 2]! | (bytes[at + 3]! << 8)
  for (let j = 0; j < 16; j++) {
    const byte = bytes[at + 4 + j]!
    data[to + j] = ((byte & 15) | (((low >> j) & 1) << 4)) + 112
    data[to + 16 + j] = ((byte >> 4) | (((high >> j) & 1) << 4)) + 112
  }
}

export const packQ5_0: BlockPacker = {
  bits: 8,
  blockSize: 32,
  corrected: false,
  pack(bytes, at, count, { data, scales }, to) {
    const half = halfFloatTable()
    for (let b = 0; b < count; b++, at += 22, to++) {
      scales[to] = half[bytes[at]! | (bytes[at + 1]! << 8)]!
      packFiveBits(bytes, at + 2, data, to * 32)
    }
  },
}

export const packQ5_1: BlockPacker = {
  bits: 8,
  blockSize: 32,
  corrected: true,
  pack(bytes, at, count, { data, scales, correction }, to) {
    const half = halfFloatTable()
    for (let b = 0; b < count; b++, at += 24, to++) {
      const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!
      scales[to] = d
      correction![to] = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]! + 16 * d
      packFiveBits(bytes, at + 4, data, to * 32)
    }
  },
}

export const packQ8_0: BlockPacker = {
  bits: 8,
  blockSize: 32,
  corrected: false,
  pack(bytes, at, count, { data, scales }, to) {
    const half = halfFloatTable()
    for (let b = 0; b < count; b++, at += 34, to++) {
      scales[to] = half[bytes[at]! | (bytes[at + 1]! << 8)]!
      // adding 128 to a signed byte flips its top bit
      for (let j = 0; j < 32; j++) data[to * 32 + j] = bytes[at + 2 + j]! ^ 0x80
    }
  },
}

const shiftedLevels = Uint8Array.from(iq4Levels, (level) => level + 128)

/** Writes 32 codes of IQ4 as 8-bit values around 128. */
export function packIq4Codes(bytes: Uint8Array, from: number, data: Uint8Array, to: number): void {
  for (let j = 0; j < 16; j++) {
    const byte = bytes[from + j]!
    data[to + j] = shiftedLevels[byte & 15]!
    data[to + 16 + j] = shiftedLevels[byte >> 4]!
  }
}

export const packIq4Nl: BlockPacker = {
  bits: 8,
  blockSize: 32,
  corrected: false,
  pack(bytes, at, count, { data, scales }, to) {
    const half = halfFloatTable()
    for (let b = 0; b < count; b++, at += 18, to++) {
      scales[to] = half[bytes[at]! | (bytes[at + 1]! << 8)]!
      packIq4Codes(bytes, at + 2, data, to * 32)
    }
  },
}
