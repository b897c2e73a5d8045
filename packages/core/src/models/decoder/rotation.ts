/**
 * @file A fixed rotation that spreads outliers over all channels, so that 8-bit activations lose little (QuaRot, Ashkboos et
 * al. 2024, its first rotation). A residual stream r is kept as r Q: norms without weights commute with Q, and the weights that
 * read or write the stream absorb it. Data-free and exact up to rounding.
 */

/** Q `[size, size]`: a Hadamard matrix of the largest power of two in `size`, times a cosine transform of the rest. */
export function rotationMatrix(size: number): Float32Array {
  let power = 1
  while (size % (2 * power) === 0) power *= 2
  const rest = size / power
  const matrix = new Float32Array(size * size)
  const scale = 1 / Math.sqrt(power)
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++) {
      const sign = bitParity((row % power) & (column % power)) ? -1 : 1
      matrix[row * size + column] = sign * scale * cosine(Math.floor(row / power), Math.floor(column / power), rest)
    }
  return matrix
}

/** Element of the orthonormal cosine transform of type II. */
function cosine(row: number, column: number, size: number): number {
  if (column === 0) return Math.sqrt(1 / size)
  return Math.sqrt(2 / size) * Math.cos((Math.PI * (row + 0.5) * column) / size)
}

function bitParity(value: number): boolean {
  let odd = false
  for (let rest = value; rest > 0; rest &= rest - 1) odd = !odd
  return odd
}
