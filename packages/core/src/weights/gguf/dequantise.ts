import type { BlockDequantiser } from './dequantise/block-dequantiser.ts'
import {
  dequantiseIq4Nl,
  dequantiseQ4_0,
  dequantiseQ4_1,
  dequantiseQ5_0,
  dequantiseQ5_1,
  dequantiseQ8_0,
} from './dequantise/blocks-of-32.ts'
import {
  dequantiseIq4Xs,
  dequantiseQ2K,
  dequantiseQ3K,
  dequantiseQ4K,
  dequantiseQ5K,
  dequantiseQ6K,
} from './dequantise/blocks-of-256.ts'
import { dequantiseBF16, dequantiseF16, dequantiseF32 } from './dequantise/plain.ts'
import type { GgufTypeName } from './gguf-type.ts'

const table: { readonly [K in GgufTypeName]: BlockDequantiser } = {
  F32: dequantiseF32,
  F16: dequantiseF16,
  BF16: dequantiseBF16,
  Q4_0: dequantiseQ4_0,
  Q4_1: dequantiseQ4_1,
  Q5_0: dequantiseQ5_0,
  Q5_1: dequantiseQ5_1,
  Q8_0: dequantiseQ8_0,
  Q2_K: dequantiseQ2K,
  Q3_K: dequantiseQ3K,
  Q4_K: dequantiseQ4K,
  Q5_K: dequantiseQ5K,
  Q6_K: dequantiseQ6K,
  IQ4_NL: dequantiseIq4Nl,
  IQ4_XS: dequantiseIq4Xs,
}

/** Writes `count` blocks of a GGUF type as float32, bit-equal to ggml's own dequantisation. */
export function dequantiseBlocks(
  type: GgufTypeName,
  bytes: Uint8Array,
  at: number,
  count: number,
  out: Float32Array,
  to: number,
): void {
  table[type](bytes, at, count, out, to)
}
