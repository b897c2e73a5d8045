import { dequantiseBF16, dequantiseF16, dequantiseF32 } from './gguf/dequantise/plain.ts'
import type { PlainDType } from './weight-source.ts'

type Convert = (bytes: Uint8Array, count: number) => Float32Array

/** Bytes per element of the types that can be converted. */
const widths: Partial<Record<PlainDType, number>> = {
  float64: 8,
  float32: 4,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint64: 8,
  uint32: 4,
  uint16: 2,
  uint8: 1,
  bool: 1,
}

/** Bytes per element; undefined for types that lc does not convert. */
export function elementBytes(dtype: PlainDType): number | undefined {
  return widths[dtype]
}

/** Little-endian elements as float32: exact for float16, bfloat16 and small integers, rounded to nearest otherwise. */
export function toFloat32(dtype: PlainDType, bytes: Uint8Array): Float32Array | undefined {
  const width = widths[dtype]
  return width === undefined ? undefined : converters[dtype]?.(bytes, bytes.byteLength / width)
}

function byView(width: number, get: (view: DataView, at: number) => number): Convert {
  return (bytes, count) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const out = new Float32Array(count)
    for (let i = 0; i < count; i++) out[i] = get(view, i * width)
    return out
  }
}

const converters: Partial<Record<PlainDType, Convert>> = {
  float32: (bytes, count) => {
    if (bytes.byteOffset % 4 === 0) return new Float32Array(bytes.buffer, bytes.byteOffset, count)
    const out = new Float32Array(count)
    dequantiseF32(bytes, 0, count, out, 0)
    return out
  },
  float16: (bytes, count) => {
    const out = new Float32Array(count)
    dequantiseF16(bytes, 0, count, out, 0)
    return out
  },
  bfloat16: (bytes, count) => {
    const out = new Float32Array(count)
    dequantiseBF16(bytes, 0, count, out, 0)
    return out
  },
  float64: byView(8, (view, at) => view.getFloat64(at, true)),
  int64: byView(8, (view, at) => Number(view.getBigInt64(at, true))),
  uint64: byView(8, (view, at) => Number(view.getBigUint64(at, true))),
  int32: byView(4, (view, at) => view.getInt32(at, true)),
  uint32: byView(4, (view, at) => view.getUint32(at, true)),
  int16: byView(2, (view, at) => view.getInt16(at, true)),
  uint16: byView(2, (view, at) => view.getUint16(at, true)),
  int8: byView(1, (view, at) => view.getInt8(at)),
  uint8: byView(1, (view, at) => view.getUint8(at)),
  bool: byView(1, (view, at) => (view.getUint8(at) ? 1 : 0)),
}
