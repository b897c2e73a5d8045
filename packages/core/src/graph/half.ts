/** @file IEEE half precision and bfloat16 as 16-bit patterns. Rounding is to nearest, ties to even. */

const bits = new DataView(new ArrayBuffer(4))

/** A half-precision pattern as a number, exact. */
export function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >> 10) & 31
  const fraction = half & 1023
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25)
}

/** The nearest half-precision pattern of a number. */
export function numberToHalf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  const size = Math.abs(value)
  if (size >= 65520) return sign | 0x7c00
  // the step between neighbours: 2^-24 for subnormals, 2^(e-10) for normal numbers
  const exponent = size < 2 ** -14 ? -14 : Math.floor(Math.log2(size))
  const step = 2 ** (exponent - 10)
  const steps = roundHalfToEven(size / step)
  // a carry out of the fraction lands in the exponent, as it should
  return sign | (size < 2 ** -14 ? steps : ((exponent + 14) << 10) + steps)
}

/** A bfloat16 pattern as a number, exact. */
export function bfloat16ToNumber(pattern: number): number {
  bits.setUint32(0, (pattern << 16) >>> 0)
  return bits.getFloat32(0)
}

/** The nearest bfloat16 pattern of a number. */
export function numberToBfloat16(value: number): number {
  bits.setFloat32(0, value)
  const pattern = bits.getUint32(0)
  if (Number.isNaN(value)) return (pattern >>> 16) | 0x40
  return ((pattern + 0x7fff + ((pattern >>> 16) & 1)) >>> 16) & 0xffff
}

/** The nearest whole number, ties to even. */
export function roundHalfToEven(value: number): number {
  const rounded = Math.round(value)
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded
}
