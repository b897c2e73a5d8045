/**
 * @file Lossless packing of the 256-element types: their sub-blocks of 16 or 32 become blocks of MatMulNBits with the
 * float32 scale `d * scale`, which holds the product exactly.
 */
import { halfFloatTable } from '../../half-float.ts'
import { unpackIq4Scales, unpackQ3Scales, unpackScalesAndMinimums } from '../k-quant-scales.ts'
import type { BlockPacker } from './block-packer.ts'
import { packIq4Codes } from './blocks-of-32.ts'

const unpacked = new Int32Array(16)
const minimums = new Int32Array(8)

/** q in 0..3 is stored as q + 7 around the zero point 8, so the correction is `-dmin*mn + 1*d*sc`. */
export const packQ2K: BlockPacker = {
  bits: 4,
  blockSize: 16,
  corrected: true,
  pack(bytes, at, count, { data, scales, correction }, to) {
    const half = halfFloatTable()
    for (let b = 0; b < count; b++, at += 84, to += 16) {
      const d = half[bytes[at + 80]! | (bytes[at + 81]! << 8)]!
      const dmin = half[bytes[at + 82]! | (bytes[at + 83]! << 8)]!
      for (let g = 0; g < 16; g++) {
        const scale = d * (bytes[at + g]! & 15)
        scales[to + g] = scale
        correction![to + g] = scale - dmin * (bytes[at + g]! >> 4)
        const from = at + 16 + 32 * (g >> 3) + 16 * (g & 1)
        const shift = 2 * ((g & 7) >> 1)
        const target = (to + g) * 8
        for (let i = 0; i < 8; i++) {
          const first = ((bytes[from + 2 * i]! >> shift) & 3) + 7
          const second = ((bytes[from + 2 * i + 1]! >> shift) & 3) + 7
          data[target + i] = first | (second << 4)
        }
      }
    }
  },
}

/** q in -4..3 is stored as q + 8. */
export const packQ3K: BlockPacker = {
  bits: 4,
  blockSize: 16,
  corrected: false,
  pack(bytes, at, count, { data, scales }, to) {
    const half = halfFloatTable()
    for (let b = 0; b < count; b++, at += 110, to += 16) {
      const d = half[bytes[at + 108]! | (bytes[at + 109]! << 8)]!
      unpackQ3Scales(bytes, at + 96, unpacked)
      for (let g = 0; g < 16; g++) {
        scales[to + g] = d * unpacked[g]!
        const from = at + 32 + 32 * (g >> 3) + 16 * (g & 1)
        const mask = at + 16 * (g & 1)
        const shift = 2 * ((g & 7) >> 1)
        const bit = g >> 1
        const target = (to + g) * 8
        for (let i = 0; i < 8; i++) {
          const a = 2 * i
          const first = ((bytes[from + a]! >> shift) & 3) + 4 + (((bytes[mask + a]! >> bit) & 1) << 2)
          const second = ((bytes[from + a + 1]! >> shift) & 3) + 4 + (((bytes[mask + a + 1]! >> bit) & 1) << 2)
          data[target + i] = first | (second << 4)
        }
      }
    }
  },
}

export const packQ4K: BlockPacker = {
  bits: 4,
  blockSize: 32,
  corrected: true,
  pack(bytes, at, count, { data, scales, correction }, to) {
    const half = halfFloatTable()
    for (let b = 0; b < count; b++, at += 144, to += 8) {
      const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!
      const dmin = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!
      unpackScalesAndMinimums(bytes, at + 4, unpacked, minimums)
      for (let g = 0; g < 8; g++) {
        const scale = d * unpacked[g]!
        scales[to + g] = scale
        correction![to + g] = 8 * scale - dmin * minimums[g]!
        const from = at + 16 + 32 * (g >> 1)
        const shift = 4 * (g & 1)
        const target = (to + g) * 16
        for (let i = 0; i < 16; i++)
          data[target + i] = ((bytes[from + 2 * i]! >> shift) & 15) | (((bytes[from + 2 * i + 1]! >> shift) & 15) << 4)
      }
    }
  },
}

export const packQ5K: BlockPacker = {
  bits: 8,
  blockSize: 32,
  corrected: true,
  pack(bytes, at, count, { data, scales, correction }, to) {
    const half = halfFloatTable()
    for (let b = 0; b < count; b++, at += 176, to += 8) {
      const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!
      const dmin = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!
      unpackScalesAndMinimums(bytes, at + 4, unpacked, minimums)
      for (let g = 0; g < 8; g++) {
        const scale = d * unpacked[g]!
        scales[to + g] = scale
        correction![to + g] = 16 * scale - dmin * minimums[g]!
        const from = at + 48 + 32 * (g >> 1)
        const shift = 4 * (g & 1)
        const target = (to + g) * 32
        for (let j = 0; j < 32; j++)
          data[target + j] = (((bytes[from + j]! >> shift) & 15) | (((bytes[at + 16 + j]! >> g) & 1) << 4)) + 112
      }
    }
  },
}

export const packQ6K: BlockPacker = {
  bits: 8,
  blockSize: 16,
  corrected: false,
  pack(bytes, at, count, { data, scales }, to) {
    const half = halfFloatTable()
    for (let b = 0; b < count; b++, at += 210, to += 16) {
      const d = half[bytes[at + 208]! | (bytes[at + 209]! << 8)]!
      for (let g = 0; g < 16; g++) {
        scales[to + g] = d * ((bytes[at + 192 + g]! << 24) >> 24)
        const k = (g & 7) >> 1
        const low = at + 64 * (g >> 3) + 32 * (k & 1) + 16 * (g & 1)
        const high = at + 128 + 32 * (g >> 3) + 16 * (g & 1)
        const lowShift = 4 * (k >> 1)
        const target = (to + g) * 16
        for (let j = 0; j < 16; j++)
          data[target + j] = (((bytes[low + j]! >> lowShift) & 15) | (((bytes[high + j]! >> (2 * k)) & 3) << 4)) + 96
      }
    }
  },
}

export const packIq4Xs: BlockPacker = {
  bits: 8,
  blockSize: 32,
  corrected: false,
  pack(bytes, at, count, { data, scales }, to) {
    const half = halfFloatTable()
    for (let b = 0; b < count; b++, at += 136, to += 8) {
      const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!
      unpackIq4Scales(bytes, at, unpacked)
      for (let g = 0; g < 8; g++) {
        scales[to + g] = d * unpacked[g]!
        packIq4Codes(bytes, at + 8 + 16 * g, data, (to + g) * 32)
      }
    }
  },
}
