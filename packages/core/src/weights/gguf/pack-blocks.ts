import type { GgufTypeName } from './gguf-type.ts'
import type { BlockPacker } from './pack/block-packer.ts'
import { packIq4Nl, packQ4_0, packQ4_1, packQ5_0, packQ5_1, packQ8_0 } from './pack/blocks-of-32.ts'
import { packIq4Xs, packQ2K, packQ3K, packQ4K, packQ5K, packQ6K } from './pack/blocks-of-256.ts'

const table: { readonly [K in GgufTypeName]: BlockPacker | undefined } = {
  F32: undefined,
  F16: undefined,
  BF16: undefined,
  Q4_0: packQ4_0,
  Q4_1: packQ4_1,
  Q5_0: packQ5_0,
  Q5_1: packQ5_1,
  Q8_0: packQ8_0,
  Q2_K: packQ2K,
  Q3_K: packQ3K,
  Q4_K: packQ4K,
  Q5_K: packQ5K,
  Q6_K: packQ6K,
  IQ4_NL: packIq4Nl,
  IQ4_XS: packIq4Xs,
}

/** How a GGUF type is packed for MatMulNBits; undefined for plain types. */
export function blockPacker(type: GgufTypeName): BlockPacker | undefined {
  return table[type]
}
