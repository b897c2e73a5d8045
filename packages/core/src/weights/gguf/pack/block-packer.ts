/** Where packed blocks go: see `PackedWeight`. */
export interface PackTarget {
  readonly data: Uint8Array
  readonly scales: Float32Array
  readonly correction: Float32Array | undefined
}

/** Packs blocks of one GGUF type for MatMulNBits without loss. */
export interface BlockPacker {
  readonly bits: 4 | 8
  readonly blockSize: 16 | 32
  /** Whether the type is affine and needs `correction`. */
  readonly corrected: boolean
  /** Packs `count` GGUF blocks from byte `at` on; `to` is the index of the first packed block in the target. */
  pack(bytes: Uint8Array, at: number, count: number, target: PackTarget, to: number): void
}
