/** @file The tensor types of GGUF that lc reads, with their block sizes (ggml's `ggml-common.h`). */

/** The tensor types that can be read, by ggml's names. */
export type GgufTypeName =
  | 'F32'
  | 'F16'
  | 'BF16'
  | 'Q4_0'
  | 'Q4_1'
  | 'Q5_0'
  | 'Q5_1'
  | 'Q8_0'
  | 'Q2_K'
  | 'Q3_K'
  | 'Q4_K'
  | 'Q5_K'
  | 'Q6_K'
  | 'IQ4_NL'
  | 'IQ4_XS'

/** A tensor type and the size of its blocks. */
export interface GgufType {
  readonly name: GgufTypeName
  /** Elements per block. */
  readonly blockElements: number
  readonly blockBytes: number
}

const readable: Readonly<Record<number, GgufType>> = {
  0: { name: 'F32', blockElements: 1, blockBytes: 4 },
  1: { name: 'F16', blockElements: 1, blockBytes: 2 },
  2: { name: 'Q4_0', blockElements: 32, blockBytes: 18 },
  3: { name: 'Q4_1', blockElements: 32, blockBytes: 20 },
  6: { name: 'Q5_0', blockElements: 32, blockBytes: 22 },
  7: { name: 'Q5_1', blockElements: 32, blockBytes: 24 },
  8: { name: 'Q8_0', blockElements: 32, blockBytes: 34 },
  10: { name: 'Q2_K', blockElements: 256, blockBytes: 84 },
  11: { name: 'Q3_K', blockElements: 256, blockBytes: 110 },
  12: { name: 'Q4_K', blockElements: 256, blockBytes: 144 },
  13: { name: 'Q5_K', blockElements: 256, blockBytes: 176 },
  14: { name: 'Q6_K', blockElements: 256, blockBytes: 210 },
  20: { name: 'IQ4_NL', blockElements: 32, blockBytes: 18 },
  23: { name: 'IQ4_XS', blockElements: 256, blockBytes: 136 },
  30: { name: 'BF16', blockElements: 1, blockBytes: 2 },
}

/** Types that exist but are refused: code-book and ternary quantisations, integers, newer 4-bit floats. */
const refused: Readonly<Record<number, string>> = {
  9: 'Q8_1',
  15: 'Q8_K',
  16: 'IQ2_XXS',
  17: 'IQ2_XS',
  18: 'IQ3_XXS',
  19: 'IQ1_S',
  21: 'IQ3_S',
  22: 'IQ2_S',
  24: 'I8',
  25: 'I16',
  26: 'I32',
  27: 'I64',
  28: 'F64',
  29: 'IQ1_M',
  34: 'TQ1_0',
  35: 'TQ2_0',
  39: 'MXFP4',
  40: 'NVFP4',
  41: 'Q1_0',
}

/** The type with a numeric id, or a sentence saying why it cannot be read. */
export function ggufType(id: number): GgufType | string {
  const type = Object.hasOwn(readable, id) ? readable[id] : undefined
  if (type) return type
  if (Object.hasOwn(refused, id))
    return `its type ${refused[id]} is not supported; supported: ${ggufTypeNames.join(', ')}`
  return `its type id ${id} is unknown`
}

/** All types that can be read. */
export const ggufTypeNames: readonly GgufTypeName[] = Object.values(readable).map((type) => type.name)

const byName = new Map(Object.values(readable).map((type) => [type.name, type]))

/** The type with a name. */
export function ggufTypeOf(name: GgufTypeName): GgufType {
  return byName.get(name)!
}
