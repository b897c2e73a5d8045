/** Order statistics of one figure over its repetitions. */
export interface Summary {
  count: number
  min: number
  median: number
  max: number
}

export function summarise(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
  return { count: sorted.length, min: sorted[0]!, median, max: sorted.at(-1)! }
}

/** The exponent p of `seconds ~ tokens^p` between two measurements. */
export function growthExponent(
  smaller: { size: number; seconds: number },
  larger: { size: number; seconds: number },
): number {
  return Math.log(larger.seconds / smaller.seconds) / Math.log(larger.size / smaller.size)
}
