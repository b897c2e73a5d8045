import type { NoAttributes } from './elementwise.ts'

/** Ops on integers that stand for reals. */
export interface QuantisedOps {
  /**
   * Inputs: a [..., K]; packed uint8 [N, blocks, blockSize * bits / 8]; scales [N, blocks]; zero points?; bias? [N].
   * a times the transposed weight (q - zero) * scale, lowest bits first; the zero point defaults to 2^(bits-1).
   */
  matMulNBits: {
    readonly bits: 2 | 4 | 8
    readonly blockSize: number
    /** K, the input size. */
    readonly columns: number
    /** N, the output size. */
    readonly rows: number
    /** 0: in the type of a; 4: a is quantised to int8 per row and block. */
    readonly accuracyLevel: 0 | 1 | 2 | 3 | 4
  }
  /** Inputs: a and b (int8 or uint8), zero points of a? and b? (scalar, or [N] for b). Output int32. */
  matMulInteger: NoAttributes
  /**
   * Inputs: a (uint8) and b (int8 or uint8), scale of a (scalar), scales of b (scalar or [N]), zero points of a? and b?.
   * The integer product times both scales, float32, in one kernel.
   */
  matMulIntegerToFloat: NoAttributes
  /** Inputs: packed rows uint8 [V, D * bits / 8]; ids; scales [V, D / blockSize]; zero points?. Output: the dequantised rows. */
  gatherBlockQuantized: { readonly bits: 2 | 4 | 8; readonly blockSize: number }
  /** Inputs: x, scale, zero point (whose type is the result's). Ties to even, saturating. */
  quantizeLinear: { readonly axis: number; readonly blockSize: number }
  /** Inputs: x, scale, zero point?. */
  dequantizeLinear: { readonly axis: number; readonly blockSize: number }
}
