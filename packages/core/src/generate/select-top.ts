/** Indices of the `count` largest values in descending order (lower indices first among equals); all that equal the last one are kept. */
export function selectTop(values: Float32Array, count: number): number[] {
  const threshold = count < values.length ? kthLargest(values, count) : Number.NEGATIVE_INFINITY
  const ids: number[] = []
  for (let index = 0; index < values.length; index++)
    if (values[index]! >= threshold && values[index]! > Number.NEGATIVE_INFINITY) ids.push(index)
  return ids.sort((left, right) => values[right]! - values[left]! || left - right)
}

/** The k-th largest value, with a heap of k. */
function kthLargest(values: Float32Array, k: number): number {
  const heap = values.slice(0, k).sort()
  for (let index = k; index < values.length; index++) {
    const value = values[index]!
    if (value > heap[0]!) replaceSmallest(heap, value)
  }
  return heap[0]!
}

/** Puts a value in place of the root of a heap whose root is the smallest. An ascending array is such a heap. */
function replaceSmallest(heap: Float32Array, value: number): void {
  let at = 0
  for (;;) {
    const left = 2 * at + 1
    if (left >= heap.length) break
    const child = left + 1 < heap.length && heap[left + 1]! < heap[left]! ? left + 1 : left
    if (heap[child]! >= value) break
    heap[at] = heap[child]!
    at = child
  }
  heap[at] = value
}
