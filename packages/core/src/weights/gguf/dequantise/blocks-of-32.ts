/**
 * @file The 32-element types of ggml (`dequantize_row_q4_0` and its neighbours in `ggml-quants.c`). The low nibbles of the
 * 16 bytes are elements 0 to 15, the high nibbles 16 to 31.
 */
import { halfFloatTable } from '../../half-float.ts'
import type { BlockDequantiser } from './block-dequantiser.ts'

/** The 16 levels of IQ4_NL and IQ4_XS. */
export const iq4Levels: readonly number[] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]
const levels = Float64Array.from(iq4Levels)

export const dequantiseQ4_0: BlockDequantiser = (bytes, at, count, out, to) => {
  const half = halfFloatTable()
  for (let b = 0; b < count; b++, at += 18, to += 32) {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!
    for (let j = 0; j < 16; j++) {
      const byte = bytes[at + 2 + j]!
      out[to + j] = d * ((byte & 15) - 8)
      out[to + 16 + j] = d * ((byte >> 4) - 8)
    }
  }
}

export const dequantiseQ4_1: BlockDequantiser = (bytes, at, count, out, to) => {
  const half = halfFloatTable()
  for (let b = 0; b < count; b++, at += 20, to += 32) {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!
    const m = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!
    for (let j = 0; j < 16; j++) {
      const byte = bytes[at + 4 + j]!
      out[to + j] = d * (byte & 15) + m
      out[to + 16 + j] = d * (byte >> 4) + m
    }
  }
}

export const dequantiseQ5_0: BlockDequantiser = (bytes, at, count, out, to) => {
  const half = halfFloatTable()
  for (let b = 0; b < count; b++, at += 22, to += 32) {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!
    const low = bytes[at + 2]! | (bytes[at + 3]! << 8)
    const high = bytes[at + 4]! | (bytes[at + 5]! << 8)
    for (let j = 0; j < 16; j++) {
      const byte = bytes[at + 6 + j]!
      out[to + j] = d * (((byte & 15) | (((low >> j) & 1) << 4)) - 16)
      out[to + 16 + j] = d * (((byte >> 4) | (((high >> j) & 1) << 4)) - 16)
    }
  }
}

export const dequantiseQ5_1: BlockDequantiser = (bytes, at, count, out, to) => {
  const half = halfFloatTable()
  for (let b = 0; b < count; b++, at += 24, to += 32) {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!
    const m = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!
    const low = bytes[at + 4]! | (bytes[at + 5]! << 8)
    const high = bytes[at + 6]! | (bytes[at + 7]! << 8)
    for (let j = 0; j < 16; j++) {
      const byte = bytes[at + 8 + j]!
      out[to + j] = d * ((byte & 15) | (((low >> j) & 1) << 4)) + m
      out[to + 16 + j] = d * ((byte >> 4) | (((high >> j) & 1) << 4)) + m
    }
  }
}

export const dequantiseQ8_0: BlockDequantiser = (bytes, at, count, out, to) => {
  const half = halfFloatTable()
  for (let b = 0; b < count; b++, at += 34, to += 32) {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!
    for (let j = 0; j < 32; j++) out[to + j] = d * ((bytes[at + 2 + j]! << 24) >> 24)
  }
}

export const dequantiseIq4Nl: BlockDequantiser = (bytes, at, count, out, to) => {
  const half = halfFloatTable()
  for (let b = 0; b < count; b++, at += 18, to += 32) {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!
    for (let j = 0; j < 16; j++) {
      const byte = bytes[at + 2 + j]!
      out[to + j] = d * levels[byte & 15]!
      out[to + 16 + j] = d * levels[byte >> 4]!
    }
  }
}
