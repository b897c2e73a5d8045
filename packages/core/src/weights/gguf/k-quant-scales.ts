/** @file Scales inside the 256-element blocks of ggml's K-quants, unpacked from their odd bit layouts. */

/** The eight 6-bit scales and minimums of Q4_K and Q5_K, from the 12 bytes at `at`. */
export function unpackScalesAndMinimums(bytes: Uint8Array, at: number, scales: Int32Array, minimums: Int32Array): void {
  for (let g = 0; g < 4; g++) {
    const low = bytes[at + g]!
    const middle = bytes[at + g + 4]!
    const high = bytes[at + g + 8]!
    scales[g] = low & 63
    minimums[g] = middle & 63
    scales[g + 4] = (high & 15) | ((low >> 6) << 4)
    minimums[g + 4] = (high >> 4) | ((middle >> 6) << 4)
  }
}

/** The sixteen signed 6-bit scales of Q3_K, from the 12 bytes at `at`. */
export function unpackQ3Scales(bytes: Uint8Array, at: number, scales: Int32Array): void {
  for (let g = 0; g < 16; g++) {
    const low = (bytes[at + (g & 7)]! >> (4 * (g >> 3))) & 15
    const high = (bytes[at + 8 + (g & 3)]! >> (2 * (g >> 2))) & 3
    scales[g] = (low | (high << 4)) - 32
  }
}

/** The eight signed 6-bit scales of IQ4_XS, from the block at `at`. */
export function unpackIq4Scales(bytes: Uint8Array, at: number, scales: Int32Array): void {
  const high = bytes[at + 2]! | (bytes[at + 3]! << 8)
  for (let g = 0; g < 8; g++) {
    const low = (bytes[at + 4 + (g >> 1)]! >> (4 * (g & 1))) & 15
    scales[g] = (low | (((high >> (2 * g)) & 3) << 4)) - 32
  }
}
