/** @file F32, F16 and BF16 tensors. */
import { halfFloatTable } from '../../half-float.ts'
import type { BlockDequantiser } from './block-dequantiser.ts'

export const dequantiseF32: BlockDequantiser = (bytes, at, count, out, to) => {
  const start = bytes.byteOffset + at
  if (start % 4 === 0) {
    out.set(new Float32Array(bytes.buffer, start, count), to)
    return
  }
  new Uint8Array(out.buffer, out.byteOffset + to * 4, count * 4).set(bytes.subarray(at, at + count * 4))
}

export const dequantiseF16: BlockDequantiser = (bytes, at, count, out, to) => {
  const half = halfFloatTable()
  for (let i = 0; i < count; i++) out[to + i] = half[bytes[at + 2 * i]! | (bytes[at + 2 * i + 1]! << 8)]!
}

export const dequantiseBF16: BlockDequantiser = (bytes, at, count, out, to) => {
  const bits = new Uint32Array(out.buffer, out.byteOffset, out.length)
  for (let i = 0; i < count; i++) bits[to + i] = (bytes[at + 2 * i]! << 16) | (bytes[at + 2 * i + 1]! << 24)
}
