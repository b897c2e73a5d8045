/** @file The 256-element types of ggml: Q2_K to Q6_K and IQ4_XS (`dequantize_row_q2_K` and its neighbours). */
import { halfFloatTable } from '../../half-float.ts'
import { unpackIq4Scales, unpackQ3Scales, unpackScalesAndMinimums } from '../k-quant-scales.ts'
import type { BlockDequantiser } from './block-dequantiser.ts'
import { iq4Levels } from './blocks-of-32.ts'

const levels = Float64Array.from(iq4Levels)
const scales = new Int32Array(16)
const minimums = new Int32Array(8)

export const dequantiseQ2K: BlockDequantiser = (bytes, at, count, out, to) => {
  const half = halfFloatTable()
  for (let b = 0; b < count; b++, at += 84, to += 256) {
    const d = half[bytes[at + 80]! | (bytes[at + 81]! << 8)]!
    const dmin = half[bytes[at + 82]! | (bytes[at + 83]! << 8)]!
    for (let g = 0; g < 16; g++) {
      const scale = d * (bytes[at + g]! & 15)
      const minimum = dmin * (bytes[at + g]! >> 4)
      const from = at + 16 + 32 * (g >> 3) + 16 * (g & 1)
      const shift = 2 * ((g & 7) >> 1)
      const target = to + 16 * g
      for (let j = 0; j < 16; j++) out[target + j] = scale * ((bytes[from + j]! >> shift) & 3) - minimum
    }
  }
}

export const dequantiseQ3K: BlockDequantiser = (bytes, at, count, out, to) => {
  const half = halfFloatTable()
  for (let b = 0; b < count; b++, at += 110, to += 256) {
    const d = half[bytes[at + 108]! | (bytes[at + 109]! << 8)]!
    unpackQ3Scales(bytes, at + 96, scales)
    for (let g = 0; g < 16; g++) {
      const scale = d * scales[g]!
      const from = at + 32 + 32 * (g >> 3) + 16 * (g & 1)
      const mask = at + 16 * (g & 1)
      const shift = 2 * ((g & 7) >> 1)
      const bit = g >> 1
      const target = to + 16 * g
      for (let j = 0; j < 16; j++)
        out[target + j] = scale * (((bytes[from + j]! >> shift) & 3) - 4 + (((bytes[mask + j]! >> bit) & 1) << 2))
    }
  }
}

export const dequantiseQ4K: BlockDequantiser = (bytes, at, count, out, to) => {
  const half = halfFloatTable()
  for (let b = 0; b < count; b++, at += 144, to += 256) {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!
    const dmin = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!
    unpackScalesAndMinimums(bytes, at + 4, scales, minimums)
    for (let g = 0; g < 8; g++) {
      const scale = d * scales[g]!
      const minimum = dmin * minimums[g]!
      const from = at + 16 + 32 * (g >> 1)
      const shift = 4 * (g & 1)
      const target = to + 32 * g
      for (let j = 0; j < 32; j++) out[target + j] = scale * ((bytes[from + j]! >> shift) & 15) - minimum
    }
  }
}

export const dequantiseQ5K: BlockDequantiser = (bytes, at, count, out, to) => {
  const half = halfFloatTable()
  for (let b = 0; b < count; b++, at += 176, to += 256) {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!
    const dmin = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!
    unpackScalesAndMinimums(bytes, at + 4, scales, minimums)
    for (let g = 0; g < 8; g++) {
      const scale = d * scales[g]!
      const minimum = dmin * minimums[g]!
      const from = at + 48 + 32 * (g >> 1)
      const shift = 4 * (g & 1)
      const target = to + 32 * g
      for (let j = 0; j < 32; j++) {
        const q = ((bytes[from + j]! >> shift) & 15) | (((bytes[at + 16 + j]! >> g) & 1) << 4)
        out[target + j] = scale * q - minimum
      }
    }
  }
}

export const dequantiseQ6K: BlockDequantiser = (bytes, at, count, out, to) => {
  const half = halfFloatTable()
  for (let b = 0; b < count; b++, at += 210, to += 256) {
    const d = half[bytes[at + 208]! | (bytes[at + 209]! << 8)]!
    for (let g = 0; g < 16; g++) {
      const scale = d * ((bytes[at + 192 + g]! << 24) >> 24)
      const k = (g & 7) >> 1
      const low = at + 64 * (g >> 3) + 32 * (k & 1) + 16 * (g & 1)
      const high = at + 128 + 32 * (g >> 3) + 16 * (g & 1)
      const lowShift = 4 * (k >> 1)
      const target = to + 16 * g
      for (let j = 0; j < 16; j++) {
        const q = ((bytes[low + j]! >> lowShift) & 15) | (((bytes[high + j]! >> (2 * k)) & 3) << 4)
        out[target + j] = scale * (q - 32)
      }
    }
  }
}

export const dequantiseIq4Xs: BlockDequantiser = (bytes, at, count, out, to) => {
  const half = halfFloatTable()
  for (let b = 0; b < count; b++, at += 136, to += 256) {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!
    unpackIq4Scales(bytes, at, scales)
    for (let g = 0; g < 8; g++) {
      const scale = d * scales[g]!
      const from = at + 8 + 16 * g
      const target = to + 32 * g
      for (let j = 0; j < 16; j++) {
        const byte = bytes[from + j]!
        out[target + j] = scale * levels[byte & 15]!
        out[target + 16 + j] = scale * levels[byte >> 4]!
      }
    }
  }
}
