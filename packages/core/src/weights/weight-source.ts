/**
 * @file Weights by their Hugging Face names, whatever file they came from: safetensors (single or sharded) or GGUF.
 * Values are in the Hugging Face convention: `[out, in]` row-major, half-split RoPE row order (the q/k permutation of
 * GGUF llama files is undone), Gemma norm weights without the +1 that GGUF files fold in.
 */
import type { GgufTypeName } from './gguf/gguf-type.ts'

/** Element types of safetensors, in lc's words; the ones lc converts to float32 are the floating-point ones. */
export type PlainDType =
  | 'float64'
  | 'float32'
  | 'float16'
  | 'bfloat16'
  | 'int64'
  | 'int32'
  | 'int16'
  | 'int8'
  | 'uint64'
  | 'uint32'
  | 'uint16'
  | 'uint8'
  | 'bool'
  // read as bytes only: lc does not convert these
  | 'float8'
  | 'float6'
  | 'float4'
  | 'complex64'

/** Type, shape and size of a weight. */
export interface WeightInfo {
  /** A plain element type, or the name of a GGUF block type such as `Q4_1`. */
  readonly dtype: PlainDType | GgufTypeName
  /** Row-major shape in the Hugging Face order, for example `[out, in]`. */
  readonly shape: readonly number[]
  /** Bytes that the tensor takes in the file. */
  readonly byteLength: number
}

/** Where bytes lie in a local file. */
export interface WeightLocation {
  readonly path: string
  readonly offset: number
  readonly length: number
}

/**
 * A matrix packed for ONNX Runtime's MatMulNBits without loss:
 * `w[n, k] = (q[n, k] - 2^(bits-1)) * scales[n, b] + correction[n, b]`, with `b = floor(k / blockSize)`.
 * The correction, if any, enters a product as `blockSum(A) . correction^T`, which is exact and keeps the fast kernel.
 */
export interface PackedWeight {
  readonly bits: 4 | 8
  readonly blockSize: 16 | 32
  readonly rows: number
  readonly columns: number
  /** `[rows, columns / blockSize, blockSize * bits / 8]`, lowest bits first. */
  readonly data: Uint8Array
  /** `[rows, columns / blockSize]`. */
  readonly scales: Float32Array
  /** `[rows, columns / blockSize]`; missing for symmetric types. */
  readonly correction?: Float32Array
}

/** The weights of a model by their Hugging Face names, read on demand. */
export interface WeightSource {
  readonly names: readonly string[]
  info(name: string): WeightInfo | undefined
  /** Where the weight's float32 bytes can be used as they lie in a local file: no conversion, no permutation. */
  location(name: string): WeightLocation | undefined
  /**
   * The weight as float32, row-major.
   *
   * @throws InvalidArgumentError when there is no such weight; FileFormatError when its type is not a number type.
   */
  float32(name: string, signal?: AbortSignal): Promise<Float32Array>
  /** Rows `[from, to)` of a weight as float32: for large tables that are never held whole. */
  float32Rows(name: string, from: number, to: number, signal?: AbortSignal): Promise<Float32Array>
  /** The weight packed without loss; undefined when its type or shape has no such form. */
  packed(name: string, signal?: AbortSignal): Promise<PackedWeight | undefined>
  /** How `packed` would pack this weight, known without reading it; undefined when it would give undefined. */
  packing(name: string): { bits: 4 | 8; blockSize: 16 | 32; corrected: boolean } | undefined
  close(): Promise<void>
}
