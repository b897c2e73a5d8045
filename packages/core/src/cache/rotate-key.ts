/**
 * A key moved by `delta` positions: pairs (i, i + R/2) rotated by delta times the inverse frequencies. The attention factor of scaled
 * rotations is in the key already. Negative deltas move back; minus its position gives a key before its rotation.
 */
export function rotateKey(key: ArrayLike<number>, delta: number, inverse: ArrayLike<number>): Float32Array {
  const result = Float32Array.from(key)
  const half = inverse.length
  for (let index = 0; index < half; index++) {
    const angle = delta * inverse[index]!
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
    result[index] = key[index]! * cos - key[index + half]! * sin
    result[index + half] = key[index + half]! * cos + key[index]! * sin
  }
  return result
}
