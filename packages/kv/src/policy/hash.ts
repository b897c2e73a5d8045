/** A 32-bit integer without visible structure for a list of integers: a draw that needs no state, so that forks agree. */
export function hash(...values: readonly number[]): number {
  let result = 0
  for (const value of values) result = mix(result ^ mix(value))
  return result
}

/** A bijection of 32-bit integers: Wellons' "lowbias32". */
function mix(value: number): number {
  let x = value >>> 0
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97)
  return (x ^ (x >>> 15)) >>> 0
}
