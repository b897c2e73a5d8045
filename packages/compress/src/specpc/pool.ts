/** @file The maximum over neighbouring positions, which turns single peaks of attention into windows of text. */

/** Pooled values, and how far each position is from the peak that it got its value of. */
export interface Pooled {
  values: Float64Array
  distances: Uint32Array
}

/**
 * Maximum over `[i - floor((K-1)/2), i + K-1 - floor((K-1)/2)]`, zero outside (official padding). Linear in the length,
 * whatever K is: candidates are kept in a queue of falling values.
 */
export function maxPool(values: ArrayLike<number>, kernelSize: number): Pooled {
  const { length } = values
  const left = Math.floor((kernelSize - 1) / 2)
  const right = kernelSize - 1 - left
  const pooled = new Float64Array(length)
  const distances = new Uint32Array(length)
  const queue = new Uint32Array(length)
  let head = 0
  let tail = 0
  for (let entering = 0; entering < length + right; entering++) {
    if (entering < length) {
      while (tail > head && values[queue[tail - 1]!]! < values[entering]!) tail--
      queue[tail++] = entering
    }
    const at = entering - right
    if (at < 0) continue
    while (queue[head]! < at - left) head++
    const peak = queue[head]!
    pooled[at] = Math.max(0, values[peak]!)
    distances[at] = Math.abs(peak - at)
  }
  return { values: pooled, distances }
}
