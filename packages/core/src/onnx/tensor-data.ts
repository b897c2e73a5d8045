/** @file Tensors as `TensorProto`: inline bytes, or a reference into another file. */
import { allocate, type DType, type TensorData } from '../graph/dtype.ts'
import { numberToBfloat16, numberToHalf } from '../graph/half.ts'
import type { ExternalLocation } from './external-data.ts'
import type { ProtobufWriter } from './protobuf-writer.ts'

/** `TensorProto.DataType` of each element type. */
export const onnxDType: { readonly [K in DType]: number } = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  bfloat16: 16,
}

/** The bytes of an array as they lie in memory; ONNX stores little-endian, as every platform that JavaScript runs on does. */
export function bytesOf(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

/** One number in an element type. */
export function scalarOf(dtype: DType, value: number): TensorData {
  const data = allocate(dtype, 1)
  if (data instanceof BigInt64Array) data[0] = BigInt(value)
  else if (dtype === 'float16') data[0] = numberToHalf(value)
  else if (dtype === 'bfloat16') data[0] = numberToBfloat16(value)
  else data[0] = value
  return data
}

/** Writes a `TensorProto`. */
export function writeTensor(
  writer: ProtobufWriter,
  tensor: {
    readonly name: string
    readonly dtype: DType
    readonly shape: readonly number[]
    readonly content: Uint8Array | ExternalLocation
  },
): void {
  for (const size of tensor.shape) writer.integer(1, size)
  writer.integer(2, onnxDType[tensor.dtype]).string(8, tensor.name)
  const { content } = tensor
  if (content instanceof Uint8Array) {
    writer.bytes(9, content)
    return
  }
  const entries = { location: content.location, offset: String(content.offset), length: String(content.length) }
  for (const [key, value] of Object.entries(entries))
    writer.message(13, (entry) => {
      entry.string(1, key).string(2, value)
    })
  writer.integer(14, 1)
}
