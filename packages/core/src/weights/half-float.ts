/** @file IEEE half precision and bfloat16 as float32, by table: the conversion is exact. */

let table: Float32Array | undefined

/** For each of the 65,536 half-precision bit patterns its value as float32; 256 kB, made on first use. */
export function halfFloatTable(): Float32Array {
  if (table) return table
  const values = new Float32Array(65536)
  for (let bits = 0; bits < 65536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1
    const exponent = (bits >> 10) & 31
    const fraction = bits & 1023
    if (exponent === 31) values[bits] = fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
    else if (exponent === 0) values[bits] = sign * fraction * 2 ** -24
    else values[bits] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
  }
  table = values
  return values
}

const scratch = new Float32Array(1)
const scratchBits = new Uint32Array(scratch.buffer)

/** The nearest half-precision bit pattern (ties to even); values beyond 65504 become infinite. */
export function toHalfFloat(value: number): number {
  scratch[0] = value
  const bits = scratchBits[0]!
  const sign = (bits >>> 16) & 0x8000
  const exponent = (bits >>> 23) & 255
  const fraction = bits & 0x7fffff
  if (exponent === 255) return sign | 0x7c00 | (fraction ? 0x200 : 0)
  if (exponent > 142) return sign | 0x7c00
  if (exponent < 102) return sign
  if (exponent < 113) return sign | roundShift(fraction | 0x800000, 126 - exponent)
  // a carry out of the fraction moves on into the exponent, which is what rounding up means
  return sign | (((exponent - 112) << 10) + roundShift(fraction, 13))
}

/** `value >> shift`, rounded to nearest with ties to even. */
function roundShift(value: number, shift: number): number {
  const half = 1 << (shift - 1)
  const rest = value & ((1 << shift) - 1)
  const kept = value >>> shift
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept
}
