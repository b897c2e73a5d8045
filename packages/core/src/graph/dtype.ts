/** The element types of tensors. `float16` and `bfloat16` are held as their 16-bit patterns. */
export type DType = 'float32' | 'float16' | 'bfloat16' | 'int8' | 'uint8' | 'int32' | 'int64' | 'bool'

/** The typed arrays that hold elements: `Uint16Array` is float16 or bfloat16, `Uint8Array` is uint8 or bool. */
export type TensorData = Float32Array | Int32Array | BigInt64Array | Int8Array | Uint8Array | Uint16Array

interface DTypeInfo {
  readonly bytes: number
  readonly kind: 'float' | 'integer' | 'bool'
  readonly array: new (source: number | ArrayBuffer, byteOffset?: number, length?: number) => TensorData
}

const dtypes: { readonly [K in DType]: DTypeInfo } = {
  float32: { bytes: 4, kind: 'float', array: Float32Array as DTypeInfo['array'] },
  float16: { bytes: 2, kind: 'float', array: Uint16Array as DTypeInfo['array'] },
  bfloat16: { bytes: 2, kind: 'float', array: Uint16Array as DTypeInfo['array'] },
  int8: { bytes: 1, kind: 'integer', array: Int8Array as DTypeInfo['array'] },
  uint8: { bytes: 1, kind: 'integer', array: Uint8Array as DTypeInfo['array'] },
  int32: { bytes: 4, kind: 'integer', array: Int32Array as DTypeInfo['array'] },
  int64: { bytes: 8, kind: 'integer', array: BigInt64Array as unknown as DTypeInfo['array'] },
  bool: { bytes: 1, kind: 'bool', array: Uint8Array as DTypeInfo['array'] },
}

/** Bytes of one element. */
export function bytesPerElement(dtype: DType): number {
  return dtypes[dtype].bytes
}

/** Whether the type is float32, float16 or bfloat16. */
export function isFloat(dtype: DType): boolean {
  return dtypes[dtype].kind === 'float'
}

/** Whether the type is a signed or unsigned integer. */
export function isInteger(dtype: DType): boolean {
  return dtypes[dtype].kind === 'integer'
}

/** A zeroed array for `length` elements of the type. */
export function allocate(dtype: DType, length: number): TensorData {
  return new dtypes[dtype].array(length)
}

/** Whether an array is of the kind that holds this type. */
export function holds(dtype: DType, data: ArrayBufferView): data is TensorData {
  return data instanceof dtypes[dtype].array
}

/** The type that an array holds when nothing else is said: `Uint8Array` is uint8, `Uint16Array` is float16. */
export function dtypeOf(data: TensorData): DType {
  if (data instanceof Float32Array) return 'float32'
  if (data instanceof Int32Array) return 'int32'
  if (data instanceof BigInt64Array) return 'int64'
  if (data instanceof Int8Array) return 'int8'
  return data instanceof Uint8Array ? 'uint8' : 'float16'
}
