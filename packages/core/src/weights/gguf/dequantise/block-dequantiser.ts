/**
 * Writes `count` blocks that start at byte `at` as float32 from element `to` on. All intermediate products are exact in
 * float64, so the one rounding at the store gives the same bits as ggml's float32 arithmetic.
 */
export type BlockDequantiser = (bytes: Uint8Array, at: number, count: number, out: Float32Array, to: number) => void
